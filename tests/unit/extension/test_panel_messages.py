"""The messages of the side panel are those of the schema."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

import jsonschema
import pytest

from jupyter_safecoder.extension.panel_messages import (
    About,
    Adapters,
    Jobs,
    ListedAdapter,
    ListedJob,
    ListedPlace,
    ModelFacts,
    Places,
)
from jupyter_safecoder.protocol import schema

DEFINITIONS = schema()["definitions"]
FACTS = ModelFacts("smol", "Small", 135_000_000, "MIT", None, 0.5, 500)
JOB = ListedJob("team", "running", "Training", 0.5, None, 3, 9, "")
PLACE = ListedPlace("a.b", "runtime", "Names.", "https://a.example", "It is on.", False, "Off.")
KINDS = (About, Adapters, Jobs, ListedAdapter, ListedJob, ListedPlace, ModelFacts, Places)


@pytest.mark.parametrize("kind", KINDS)
def test_class_and_schema_have_the_same_fields(kind: Any) -> None:
    defined = DEFINITIONS[kind.__name__]
    assert {field.name for field in fields(kind)} == set(defined["properties"])
    assert set(defined["required"]) == set(defined["properties"])


@pytest.mark.parametrize(
    "message",
    [
        About(FACTS, "local", "", False),
        About(None, "hub", "/run/safecoder.sock", True),
        Adapters((ListedAdapter("team", True, "It is better."),), "team", True),
        Jobs((JOB,)),
        Places((PLACE,)),
    ],
)
def test_messages_fit_the_schema(message: Any) -> None:
    reference = {"$ref": f"#/definitions/{type(message).__name__}", "definitions": DEFINITIONS}
    jsonschema.Draft7Validator(reference).validate(json.loads(message.to_json()))
