"""The schema and the classes are one protocol: neither knows what the other does not."""

from __future__ import annotations

import dataclasses
import json
import typing
from typing import Any

import jsonschema
import pytest

from jupyter_safecoder import protocol
from jupyter_safecoder.errors import InvalidRequest
from jupyter_safecoder.option import options_of
from jupyter_safecoder.postprocess import MIN_PROBABILITIES
from jupyter_safecoder.protocol import (
    SOURCES,
    Cell,
    Column,
    CompletionOptions,
    CompletionRequest,
    Counters,
    Done,
    Error,
    Event,
    Excerpt,
    Exclusion,
    Inspection,
    KernelName,
    ModelInfo,
    Network,
    PromptSection,
    Queued,
    Status,
    Text,
    decode_event,
    encode_event,
    parse_request,
    parse_status,
)
from jupyter_safecoder.settings import RuntimeSettings

SCHEMA = protocol.schema()


def _properties(*path: str) -> dict[str, Any]:
    found: Any = SCHEMA["definitions"]
    for name in path:
        found = found[name]
    properties: dict[str, Any] = found["properties"]
    return properties


def check(definition: str, body: bytes | str) -> Any:
    """Check a body against a definition; returns the data."""
    data = json.loads(body)
    validator = jsonschema.Draft7Validator(
        {"$ref": f"#/definitions/{definition}", "definitions": SCHEMA["definitions"]}
    )
    validator.validate(data)
    return data


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
    others = {"superseded", "empty_prompt", "excluded", "secret"}
    assert names == set(typing.get_args(FinishReason)) | others


REQUESTS = [
    CompletionRequest("", ""),
    CompletionRequest(
        "x = ",
        "\ny",
        before=(Cell("code", "1", "2"), Cell("markdown", "# t"), Cell("raw", "")),
        below=(Cell("code", "z"),),
        kernel=(
            KernelName("df", "DataFrame", (3, 2), (Column("a", "int64"), Column("b", "object"))),
            KernelName("f", "function", signature="(x: int) -> str", doc="Do it."),
            KernelName("np", "module", members=("linspace",), keys=("k",), fields=("f",)),
        ),
        modules=(Excerpt("helpers/io.py", "def load(path): ..."),),
        files=(Excerpt("other.ipynb", "a = 1"), Excerpt("b.py", "")),
        language="julia",
        document="a.ipynb",
        options=CompletionOptions(
            *("psm", 8, "block"),
            raw=True,
            rules=False,
            suggestions="few",
            trigger="automatic",
            inspect=True,
        ),
    ),
    CompletionRequest("\ud83d lone", "\udc00 \U0001f600 \u2028", document="\ud800"),
    CompletionRequest("<fim_middle>" * 9, "<|endoftext|>"),
]


def test_a_request_with_too_many_cells_is_refused_before_they_are_read() -> None:
    cells = (Cell("code", ""),) * 5000
    assert parse_request(CompletionRequest("", "", cells).to_json()).before == cells
    with pytest.raises(InvalidRequest, match="'before' of the request must not be longer"):
        parse_request(CompletionRequest("", "", (*cells, Cell("code", ""))).to_json())


def test_a_name_needs_only_a_type() -> None:
    body = {"version": 2, "prefix": "", "suffix": "", "kernel": [{"name": "x", "type": "int"}]}
    assert parse_request(json.dumps(body).encode()).kernel == (KernelName("x", "int"),)


@pytest.mark.parametrize("name", [{"name": "x"}, {"name": "x", "type": "int", "value": 3}])
def test_values_of_the_kernel_are_refused(name: dict[str, Any]) -> None:
    body = {"version": 2, "prefix": "", "suffix": "", "kernel": [name]}
    with pytest.raises(InvalidRequest):
        parse_request(json.dumps(body).encode())


def test_a_request_without_some_sources() -> None:
    full = REQUESTS[1]
    assert full.only(SOURCES) == full
    assert full.only(["kernel", "cells"]) == dataclasses.replace(
        full, below=(), modules=(), files=()
    )
    assert full.only([]).before == ()


@pytest.mark.parametrize("request_", REQUESTS)
def test_request_round_trip(request_: CompletionRequest) -> None:
    check("CompletionRequest", request_.to_json())
    assert parse_request(request_.to_json()) == request_


EVENTS: list[Event] = [
    Queued(1),
    Text("a\ud83d\n", 3),
    Done("t", "end", "spm", "m", 1, 2, 3.5, 4.5),
    Done("", "blank", "psm", "m", 0, 0, None, 0.0, raw_text="\udc00"),
    Done("", "low_confidence", "psm", "m", 1, 1, 1.0, 1.0, first_line_logprob=-2.5),
    Done(
        *("t", "end", "spm", "m", 1, 2, 3.5, 4.5),
        inspection=Inspection(
            (PromptSection("cells", "a", 1, 2, 3), PromptSection("prefix", "", 0)), "raw", 0.5, 1.5
        ),
    ),
    Error("queue_full", "Full.", "Wait.", 1.0),
    Error("bad_request", "No."),
]


@pytest.mark.parametrize("event", EVENTS)
def test_event_round_trip(event: Event) -> None:
    line = encode_event(event)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    check("Event", line)
    assert decode_event(line) == event


STATUSES = [
    Status("off", "Off."),
    Status(
        "busy",
        "2 wait.",
        "Wait.",
        0.5,
        2,
        ModelInfo("m", "starcoder", ("spm",), "spm", 8192, ("python",), "Apache-2.0"),
        "openvino",
        "CPU",
        Counters(6, 5, 4, 3, 2, 1),
        network=Network(False, True, ("llm.example:443",), 2),
    ),
]


@pytest.mark.parametrize("status", STATUSES)
def test_status_round_trip(status: Status) -> None:
    check("Status", status.to_json())
    assert parse_status(status.to_json()) == status


@pytest.mark.parametrize("body", ["", "[]", "null", "{}", '{"event":"other"}', '{"event":[]}', "{"])
def test_what_is_no_event_or_status_is_a_value_error(body: str) -> None:
    with pytest.raises(ValueError, match="is not an event"):
        decode_event(body)
    with pytest.raises(ValueError, match="is not a status"):
        parse_status(body)
