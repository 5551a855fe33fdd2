"""The schema and the classes are one protocol: neither knows what the other does not."""

from __future__ import annotations

import dataclasses
import json
import typing
from typing import Any

import jsonschema
import pytest

from jupyter_safecoder import protocol
from jupyter_safecoder.option import options_of
from jupyter_safecoder.postprocess import MIN_PROBABILITIES
from jupyter_safecoder.protocol import (
    SOURCES,
    Attribution,
    Cell,
    Column,
    CompletionOptions,
    CompletionRequest,
    Counters,
    Done,
    Error,
    Excerpt,
    Exclusion,
    Inspection,
    KernelName,
    LicenseRules,
    ModelInfo,
    Network,
    PromptSection,
    Queued,
    Status,
    Text,
)
from jupyter_safecoder.settings import RuntimeSettings

SCHEMA = protocol.schema()


def _properties(*path: str) -> dict[str, Any]:
    found: Any = SCHEMA["definitions"]
    for name in path:
        found = found[name]
    properties: dict[str, Any] = found["properties"]
    return properties


def test_schema_is_a_schema() -> None:
    jsonschema.Draft7Validator.check_schema(SCHEMA)


@pytest.mark.parametrize(
    ("kind", "definition", "extra"),
    [
        (Cell, ("Cell",), set()),
        (KernelName, ("KernelName",), set()),
        (Column, ("KernelName", "properties", "columns", "items"), set()),
        (Excerpt, ("Excerpt",), set()),
        (CompletionRequest, ("CompletionRequest",), {"version"}),
        (CompletionOptions, ("CompletionRequest", "properties", "options"), set()),
        (Queued, ("QueuedEvent",), set()),
        (Text, ("TextEvent",), set()),
        (Done, ("DoneEvent",), set()),
        (Error, ("ErrorEvent",), set()),
        (ModelInfo, ("Model",), set()),
        (Status, ("Status",), set()),
        (Counters, ("Status", "properties", "counters"), set()),
        (Network, ("Network",), set()),
        (Exclusion, ("Exclusion",), set()),
        (Inspection, ("Inspection",), set()),
        (PromptSection, ("PromptSection",), set()),
        (Attribution, ("Attribution",), set()),
        (
            LicenseRules,
            ("CompletionRequest", "properties", "options", "properties", "licenses"),
            set(),
        ),
    ],
)
def test_class_and_schema_have_the_same_fields(
    kind: Any, definition: tuple[str, ...], extra: set[str]
) -> None:
    fields = {field.name for field in dataclasses.fields(kind)}
    assert fields | extra == set(_properties(*definition))


@pytest.mark.parametrize(
    ("named", "definition"),
    [
        (protocol.CellType, ("Cell", "type")),
        (protocol.State, ("Status", "state")),
        (protocol.PromptSource, ("PromptSection", "source")),
    ],
)
def test_class_and_schema_have_the_same_names(named: Any, definition: tuple[str, str]) -> None:
    kind, field = definition
    assert set(typing.get_args(named)) == set(_properties(kind)[field]["enum"])


@pytest.mark.parametrize(
    ("named", "name"), [(protocol.Trigger, "trigger"), (protocol.Suggestions, "suggestions")]
)
def test_class_and_schema_have_the_same_values_of_options(named: Any, name: str) -> None:
    options = _properties("CompletionRequest", "properties", "options")
    assert set(typing.get_args(named)) == set(options[name]["enum"])


def test_the_settings_offer_the_values_of_the_option() -> None:
    (setting,) = (s for s in options_of(RuntimeSettings) if s.name == "suggestions")
    assert setting.choices == typing.get_args(protocol.Suggestions) == tuple(MIN_PROBABILITIES)


def test_defaults_of_class_and_schema_are_the_same() -> None:
    properties = _properties("CompletionRequest")
    plain = json.loads(CompletionRequest("a", "b").to_json())
    for name in ("document", "language", *SOURCES.values()):
        assert plain[name] == properties[name]["default"]


def test_finish_reasons_are_those_of_the_answer() -> None:
    from jupyter_safecoder.postprocess.filter_input import FinishReason

    names = set(_properties("DoneEvent")["finish_reason"]["enum"])
    others = {"superseded", "empty_prompt", "excluded", "secret", "attribution"}
    assert names == set(typing.get_args(FinishReason)) | others
