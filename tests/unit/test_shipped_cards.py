"""The cards in the package of weights are what the commands print; see RELEASE.md."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from jupyter_safecoder.adapters.model_card import card_of_adapter
from jupyter_safecoder.adapters.registry import read_card
from jupyter_safecoder.models import EMBEDDED
from jupyter_safecoder.models.cards import (
    ModelCard,
    card_of_model,
    card_schema,
    read_own_words,
    to_markdown,
)
from jupyter_safecoder.models.catalogue import find_entry, read_catalogue
from jupyter_safecoder.models.description import read_description
from jupyter_safecoder.validation import validate
from tests.support.paths import ROOT

WEIGHTS = ROOT / "weights" / "safecoder_smol_135m"
ADAPTERS = sorted(path.parent for path in (WEIGHTS / "adapters").glob("*/card.json"))


def _card(directory: Path) -> ModelCard:
    words = read_own_words(directory)
    if directory == WEIGHTS:
        return card_of_model(read_description(WEIGHTS), find_entry(EMBEDDED), words)
    adapter = read_card(directory)
    assert adapter
    return card_of_adapter(adapter, directory, words)


def test_each_adapter_of_the_catalogue_ships_with_a_card() -> None:
    names = {entry.adapter for entry in read_catalogue().values()} - {""}
    assert names == {directory.name for directory in ADAPTERS}


@pytest.mark.parametrize("directory", [WEIGHTS, *ADAPTERS], ids=lambda path: path.name)
def test_markdown(directory: Path) -> None:
    card = _card(directory)
    validate(card_schema(), card.to_json(), "a card")
    assert (directory / "CARD.md").read_text("utf-8") == to_markdown(card)
    # What a card must say of what ships.
    assert card.summary
    assert card.license
    assert card.base
    assert card.base.sha256
    assert card.corpus
    assert card.corpus.manifest
    assert card.limits
    assert all(file.sha256 for file in card.files)


def test_json() -> None:
    assert json.loads((WEIGHTS / "card.json").read_text("utf-8")) == _card(WEIGHTS).to_json()


def test_the_calibration_of_the_catalogue_is_that_of_the_model() -> None:
    entry = find_entry(EMBEDDED)
    assert entry
    assert entry.confidence == read_description(WEIGHTS).calibration
