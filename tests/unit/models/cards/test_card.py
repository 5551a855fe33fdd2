"""The card and its schema."""

from __future__ import annotations

from dataclasses import fields

import jsonschema
import pytest

from jupyter_safecoder.errors import InvalidInput
from jupyter_safecoder.models.cards import Base, CardFile, ModelCard, Score, card_schema
from jupyter_safecoder.validation import validate


def test_the_schema_has_the_fields_of_the_card() -> None:
    schema = card_schema()
    jsonschema.Draft7Validator.check_schema(schema)
    names = {"version", *(field.name for field in fields(ModelCard))}
    assert names == {*schema["properties"]} == {*schema["required"]}
    for name, value in (("base", Base), ("file", CardFile), ("score", Score)):
        assert {*schema["definitions"][name]["properties"]} == {f.name for f in fields(value)}


def test_a_card_of_which_nothing_is_known_is_valid() -> None:
    card = ModelCard("model", "unknown-model").to_json()
    validate(card_schema(), card, "a card")
    assert card["version"] == 1
    assert card["license"] is card["parameters"] is card["base"] is None


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "other"},
        {"name": ""},
        {"parameters": "many"},
        {"files": [{"name": "a", "size": 1, "sha256": "abc"}]},
        {"scores": [{"dataset": "a", "metric": "b", "value": 1}]},
        {"base": {"name": "a", "relation": "stolen"}},
        {"invented": 1},
    ],
)
def test_what_is_no_card(change: dict[str, object]) -> None:
    with pytest.raises(InvalidInput):
        validate(card_schema(), {**ModelCard("model", "a").to_json(), **change}, "a card")
