"""What happens to suggestions: what is accepted from a browser and from a user's server."""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from typing import Any

import pytest

from jupyter_safecoder.errors import InvalidRequest
from jupyter_safecoder.protocol import schema
from jupyter_safecoder.suggestions import (
    MAX_COUNTS_BYTES,
    MAX_EVENTS_BYTES,
    SuggestionCounts,
    SuggestionEvent,
    parse_counts,
    parse_events,
)

SHOWN = {
    "event": "shown",
    "characters": 9,
    "latency_ms": 84,
    "document": "notebook",
    "language": "python",
    "model": "safecoder-smol-135m+team",
}
ACCEPTED = {**SHOWN, "event": "accepted", "part": "word", "first": True}
KEPT = {**SHOWN, "event": "kept", "characters": 3, "accepted_characters": 4}


def body(*events: Any) -> bytes:
    return json.dumps({"events": events}).encode()


@pytest.mark.parametrize("kind", [SuggestionEvent, SuggestionCounts])
def test_the_classes_have_the_fields_of_the_schema(kind: Any) -> None:
    defined = schema()["definitions"][kind.__name__]["properties"]
    assert {field.name for field in fields(kind)} == set(defined)


def test_events_become_counts() -> None:
    events = parse_events(
        body(
            SHOWN,
            ACCEPTED,
            {**ACCEPTED, "part": "all", "first": False, "characters": 4},
            KEPT,
            {**SHOWN, "event": "dismissed"},
        )
    )
    assert SuggestionCounts.of_events(events) == SuggestionCounts(
        shown=1,
        accepted=1,
        accepted_characters=13,
        dismissed=1,
        kept_characters=3,
        checked_characters=4,
    )
    assert events[0].to_data() == {name: v for name, v in SHOWN.items() if name != "event"}


def test_counts_of_many_events_are_within_what_the_service_accepts() -> None:
    events = parse_events(body(*[{**ACCEPTED, "characters": 20_000}] * 200))
    counts = SuggestionCounts.of_events(events)
    assert counts.accepted == 200
    assert parse_counts(counts.to_json()) == counts
    assert len(counts.to_json()) < MAX_COUNTS_BYTES


def test_the_largest_events_fit_a_body() -> None:
    event = {**KEPT, **ACCEPTED, "model": "m" * 128, "language": "l" * 32, "characters": 20_000}
    events = body(*[event] * 200)
    assert len(parse_events(events)) == 200
    assert len(events) < MAX_EVENTS_BYTES


def test_counts_are_empty_without_events() -> None:
    assert not SuggestionCounts.of_events([])
    assert SuggestionCounts(dismissed=1)


@pytest.mark.parametrize(
    "event",
    [
        {**SHOWN, "text": "x = 1"},
        {**SHOWN, "language": "import os"},
        {**SHOWN, "language": "python\n"},
        {**SHOWN, "language": ""},
        {**SHOWN, "model": "a model"},
        {**SHOWN, "model": "m" * 129},
        {**SHOWN, "event": "typed"},
        {**SHOWN, "document": "secret.ipynb"},
        {**SHOWN, "characters": -1},
        {**SHOWN, "characters": 20_001},
        {**SHOWN, "characters": True},
        {**SHOWN, "characters": 1.5},
        {**SHOWN, "latency_ms": float("nan")},
        {**SHOWN, "latency_ms": 1e9},
        {**SHOWN, "part": "paragraph"},
        {"event": "shown"},
        "shown",
    ],
)
def test_events_that_are_refused(event: Any) -> None:
    with pytest.raises(InvalidRequest) as raised:
        parse_events(body(event))
    assert "x = 1" not in raised.value.reason
    assert "import os" not in raised.value.reason


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"{}", b'{"events": {}}', b"[" * 10_000, body(*[SHOWN] * 201), b"\xff"],
)
def test_bodies_that_are_refused(content: bytes) -> None:
    with pytest.raises(InvalidRequest):
        parse_events(content)


@pytest.mark.parametrize(
    "changes",
    [
        {"shown": -1},
        {"shown": 601},
        {"shown": 1.5},
        {"shown": "1"},
        {"accepted_characters": 50_001},
        {"kept_characters": 1},
        {"user": "ada"},
    ],
)
def test_counts_that_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest):
        parse_counts(json.dumps({**asdict(SuggestionCounts()), **changes}).encode())


def test_whole_numbers_are_integers_however_they_are_written() -> None:
    counts = parse_counts(SuggestionCounts(shown=8).to_json().replace(b"8", b"8.0"))
    assert isinstance(counts.shown, int)
    [event] = parse_events(body({**KEPT, "characters": 3.0, "accepted_characters": 4.0}))
    assert isinstance(event.characters, int)
    assert isinstance(event.accepted_characters, int)
