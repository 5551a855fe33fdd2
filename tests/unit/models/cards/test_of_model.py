"""Cards of models: what is known comes from one place, and what is not is ``None``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from jupyter_safecoder.models import EMBEDDED, resolve_model
from jupyter_safecoder.models.cards import (
    Base,
    OwnWords,
    card_of_entry,
    card_of_model,
    card_schema,
)
from jupyter_safecoder.models.catalogue import find_entry, read_catalogue
from jupyter_safecoder.validation import validate
from tests.support.tiny_gguf import write_mixed_gguf


@pytest.mark.parametrize("name", [*read_catalogue()])
def test_every_model_of_the_catalogue_has_a_card(name: str) -> None:
    entry = find_entry(name)
    assert entry
    card = card_of_entry(entry)
    validate(card_schema(), card.to_json(), "a card")
    assert (card.license, card.parameters) == (entry.license, entry.parameters)
    measured = 4 * (entry.quality is not None) + 3 * (entry.speed is not None)
    assert len(card.scores) == measured
    assert all(
        score.command.startswith(("jupyter safecoder ", "python -m benchmarks "))
        for score in card.scores
    )
    assert [file.sha256 for file in card.files] == [file.sha256 for file in entry.files]


def test_files_of_a_user_say_what_they_have(tmp_path: Path, cache: Path) -> None:
    model = resolve_model(str(write_mixed_gguf(tmp_path / "mine.gguf")), cache=cache)
    card = card_of_model(model, hashes={"mine.gguf": "a" * 64})
    validate(card_schema(), card.to_json(), "a card")
    assert card.name == "mine"
    assert {file.name: file.sha256 for file in card.files}["mine.gguf"] == "a" * 64
    assert card.license == "mit"
    assert {card.base, card.corpus, card.calibration, card.probe} == {None}
    assert not card.scores
    assert not card.limits


def test_the_maker_s_words_are_added(tmp_path: Path, cache: Path) -> None:
    model = resolve_model(str(write_mixed_gguf(tmp_path / "mine.gguf")), cache=cache)
    model = replace(model, license="unknown")
    words = OwnWords(summary="Ours.", license="MIT", base=Base("coder", "finetune"))
    card = card_of_model(model, None, words)
    assert (card.summary, card.license, card.base) == ("Ours.", "MIT", words.base)


def test_files_have_priority_over_words() -> None:
    card = card_of_model(resolve_model(EMBEDDED), None, OwnWords(license="proprietary"))
    assert card.license == "Apache-2.0"
