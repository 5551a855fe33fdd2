"""A record takes counts and outcomes from a response, and no text."""

from __future__ import annotations

import json
from dataclasses import asdict

import pytest

from jupyter_safecoder.hub.accounting.record import Record, current_entry, parse_object


def test_a_record_has_no_text() -> None:
    record = Record("ada")
    assert not record.update_from_event(
        b'{"event": "text", "text": "hidden", "tokens": 1, "prompt_tokens": 9}\n'
    )
    assert (record.prompt_tokens, record.completion_tokens) == (9, 1)
    assert record.update_from_openai(b"data: [DONE]\n")
    assert not record.update_from_openai(
        b'data: {"model": "m", "choices": [{"text": "hidden", "finish_reason": "stop"}]}\n'
    )
    assert (record.outcome, record.completion_tokens) == ("stop", 2)
    assert "hidden" not in json.dumps(vars(record))


def test_the_last_event_has_the_counts_and_the_outcome() -> None:
    record = Record("ada")
    done: dict[str, object] = {"event": "done", "finish_reason": "end", "model": "tiny"}
    done |= {"prompt_tokens": 9, "completion_tokens": 4}
    assert record.update_from_event(json.dumps(done).encode())
    assert (record.outcome, record.model) == ("end", "tiny")
    assert (record.prompt_tokens, record.completion_tokens) == (9, 4)
    assert record.update_from_event(b'{"event": "error", "code": "engine_failed"}')
    assert record.outcome == "engine_failed"


def test_a_response_of_openai_s_protocol_without_a_stream_is_one_line() -> None:
    record = Record("ada", "text")
    response: dict[str, object] = {
        "model": "m",
        "choices": [{"text": "x", "finish_reason": "length"}],
    }
    response["usage"] = {"prompt_tokens": 3, "completion_tokens": 5}
    assert record.update_from_openai(json.dumps(response).encode())
    assert (record.outcome, record.completion_tokens) == ("length", 5)
    assert record.update_from_openai(b'data: {"error": {"code": "engine_failed"}}\n')
    assert record.outcome == "engine_failed"
    assert not record.update_from_openai(b"\n")


def test_times_of_the_process_are_not_recorded() -> None:
    record = Record("ada")
    assert record.elapsed_ms() >= 0
    assert "_started" not in asdict(record)
    assert Record("ada", time="x") == Record("ada", time="x")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"person": "ada", "outcome": "end"}, {"user": "ada", "outcome": "end"}),
        ({"person": "ada", "outcome": "replaced"}, {"user": "ada", "outcome": "superseded"}),
        ({"outcome": "runtime_lost"}, {"outcome": "runtime_unavailable"}),
        ({"user": "ada", "outcome": 3}, {"user": "ada", "outcome": 3}),
    ],
)
def test_entries_of_version_0_1_get_the_names_of_this_one(
    old: dict[str, object], new: dict[str, object]
) -> None:
    assert current_entry(old) == new


@pytest.mark.parametrize("line", [b"", b"[]", b"3", b"{", b"\xff"])
def test_a_line_that_is_not_an_object_is_empty(line: bytes) -> None:
    assert parse_object(line) == {}
