"""Cards of adapters in the form of models."""

from __future__ import annotations

from pathlib import Path

from jupyter_safecoder.adapters.card import Card
from jupyter_safecoder.adapters.model_card import card_of_adapter
from jupyter_safecoder.adapters.peft_files import WEIGHTS
from jupyter_safecoder.adapters.registry import hash_files
from jupyter_safecoder.models.cards import Base, Corpus, OwnWords, card_schema
from jupyter_safecoder.validation import validate
from tests.support.plain_lora import write_small_lora

SCORES = {"held_out": {"base": {"loss": 2.0}, "tuned": {"loss": 1.5, "exact_match": 0.25}}}
CARD = Card(
    "ours",
    "coder",
    "b" * 64,
    "c" * 64,
    {"trained_on": 5},
    {"rank": 2},
    {},
    SCORES,
    {"lines": 12, "memorized": 1, "secrets": 0, "leaked": 0},
    False,
    "Rejected.",
    "2026-11-25",
    "grace",
    {"torch": "2"},
)


def test_what_a_training_knows() -> None:
    card = card_of_adapter(CARD)
    validate(card_schema(), card.to_json(), "a card")
    assert card.base == Base("coder", "adapter", "b" * 64)
    assert card.corpus == Corpus(None, "c" * 64, {"trained_on": 5})
    assert [(s.metric, s.value, s.served_as) for s in card.scores] == [
        ("loss", 2.0, "base"),
        ("loss", 1.5, "tuned"),
        ("exact_match", 0.25, "tuned"),
        ("memorized", 1, "tuned"),
    ]
    assert card.limits == ("It is not accepted: Rejected.",)
    assert card.training["rank"] == 2
    assert (card.license, card.parameters) == (None, None)


def test_the_user_who_trained_it_is_not_on_it() -> None:
    assert "grace" not in str(card_of_adapter(CARD).to_json())


def test_files_and_words(tmp_path: Path) -> None:
    write_small_lora(tmp_path)
    card = Card(**{**vars(CARD), "files": hash_files(tmp_path)})
    found = card_of_adapter(card, tmp_path, OwnWords(license="MIT", limits=("Small.",)))
    assert (found.license, found.limits, found.parameters) == ("MIT", ("Small.",), 2 * 3 + 4 * 2)
    assert {file.name: file.size for file in found.files}[WEIGHTS] == (
        tmp_path / WEIGHTS
    ).stat().st_size


def test_values_of_other_types_are_left_out() -> None:
    odd = {"held_out": {"base": {"loss": float("nan"), "x": "y"}, "tuned": 1}, "general": []}
    card = Card(**{**vars(CARD), "scores": odd, "probe": {"lines": "x"}, "counts": {"a": "b"}})
    found = card_of_adapter(card)
    validate(card_schema(), found.to_json(), "a card")
    assert found.scores == ()
    assert found.corpus == Corpus(None, "c" * 64, {})
