"""Where the card of a model comes from."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from jupyter_safecoder.cli.cards.find import find_card
from jupyter_safecoder.errors import ModelError
from jupyter_safecoder.models import EMBEDDED
from jupyter_safecoder.settings import RuntimeSettings
from tests.support.tiny_gguf import write_mixed_gguf


def test_the_embedded_model_has_measurements() -> None:
    card = find_card(RuntimeSettings(model=EMBEDDED))
    assert card.parameters == 134_515_008
    assert {score.metric for score in card.scores} >= {"exact_match", "tpot_ms"}


def test_a_model_of_the_catalogue_that_is_not_here(cache: Path) -> None:
    """Its adapter says what it is made of."""
    card = find_card(RuntimeSettings(model="safecoder-qwen-0.5b", cache_dir=str(cache)))
    assert card.base
    assert (card.base.name, card.base.relation) == ("qwen2.5-coder-0.5b", "finetune")
    assert card.corpus
    assert card.corpus.counts["trained_on"] == 4147
    assert card.layers is None


def test_a_file_of_a_user_is_hashed(tmp_path: Path, cache: Path) -> None:
    path = write_mixed_gguf(tmp_path / "mine.gguf")
    card = find_card(RuntimeSettings(model=str(path), cache_dir=str(cache)))
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert {file.name: file.sha256 for file in card.files}["mine.gguf"] == digest


def test_words_beside_it_are_on_the_card(tmp_path: Path, cache: Path) -> None:
    path = write_mixed_gguf(tmp_path / "mine.gguf")
    (tmp_path / "about.toml").write_text('summary = "Tuned on our notebooks."')
    requested = RuntimeSettings(model=str(path), cache_dir=str(cache))
    assert find_card(requested).summary == "Tuned on our notebooks."
    (tmp_path / "about.toml").write_text("summary = [")
    with pytest.raises(ModelError, match=r"about\.toml"):
        find_card(requested)


def test_an_unknown_name(cache: Path) -> None:
    with pytest.raises(ModelError, match="no model named 'none'"):
        find_card(RuntimeSettings(model="none", cache_dir=str(cache)))
