"""Server-sent events to token ids; whole servers: ``tests/integration/engines/remote``."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from jupyter_safecoder.engines.remote.stream import (
    Dialect,
    ResponseReader,
    detect_dialect,
    first_choice,
    read_choice,
    read_events,
)
from jupyter_safecoder.engines.scripted import ByteTokenizer
from jupyter_safecoder.errors import MalformedResponse


def _events(*chunks: bytes) -> list[str]:
    async def body() -> AsyncIterator[bytes]:
        for chunk in chunks:
            yield chunk

    async def collect() -> list[str]:
        return [event async for event in read_events(body(), 4)]

    return asyncio.run(collect())


def test_events_are_split_at_lines_not_at_chunks() -> None:
    assert _events(b"data: a\n\nda", b"ta: b", b"\n\ndata: [DONE]\n\ndata: c\n") == ["a", "b"]


def test_comments_and_other_fields_are_ignored() -> None:
    assert _events(b": ping\n\nevent: x\nid: 1\ndata:a\r\n\n") == ["a"]


def test_a_body_that_is_too_long() -> None:
    with pytest.raises(MalformedResponse, match="more data"):
        _events(*[b"data: " + b"x" * 2**17 + b"\n"] * 20)
    with pytest.raises(MalformedResponse, match="a line without an end"):
        _events(b"data: " + b"x" * (2**20 + 1))


@pytest.mark.parametrize(
    "data", ["", "{", "[" * 100_000, "3", '{"choices": 3}', '{"choices": [3]}']
)
def test_malformed_choices(data: str) -> None:
    with pytest.raises(MalformedResponse):
        read_choice(data)


def test_an_event_without_choices_is_empty() -> None:
    assert read_choice(json.dumps({"choices": []})) == {}
    with pytest.raises(MalformedResponse, match="an error"):
        first_choice({"error": {"message": "x"}})


@pytest.mark.parametrize(
    ("choice", "dialect"),
    [
        ({"text": "a", "token_ids": [1]}, "token_ids"),
        ({"text": "a", "logprobs": {"content": [{"id": 97}]}}, "logprobs"),
        ({"text": "a", "logprobs": {"content": [{"token": "a"}]}}, "text"),
        ({"text": "a"}, "text"),
    ],
)
def test_detect_dialect(choice: dict[str, Any], dialect: str) -> None:
    assert detect_dialect(choice) == dialect


def _reader(dialect: Dialect) -> ResponseReader:
    return ResponseReader(dialect, ByteTokenizer(), [0], 4)


def test_a_completion_ends_before_a_stop_token() -> None:
    reader = _reader("token_ids")
    assert reader.read({"token_ids": [1]}) == ([1], None, None)
    assert reader.read({"token_ids": [2, 0, 3]}) == ([2], None, "end")


def test_the_servers_own_stop_token_is_dropped() -> None:
    choice = {"token_ids": [1, 9], "finish_reason": "stop"}
    assert _reader("token_ids").read(choice) == ([1], None, "end")


def test_max_tokens_bounds_the_ids_of_all_events() -> None:
    reader = _reader("token_ids")
    assert reader.read({"token_ids": [1, 2, 3]}) == ([1, 2, 3], None, None)
    assert reader.read({"token_ids": [4, 5]}) == ([4], None, "length")


def test_the_text_decides_if_it_differs_from_the_ids() -> None:
    choice = {"text": "é", "logprobs": {"content": [{"id": 169}]}}
    assert _reader("logprobs").read(choice) == (list("é".encode()), None, None)
    choice = {"text": "a", "logprobs": {"content": [{"id": 97}]}}
    assert _reader("logprobs").read(choice) == ([97], None, None)


def test_log_probabilities_come_with_the_ids() -> None:
    reader = _reader("token_ids")
    logprobs = {"token_logprobs": [-0.5, -1, 1e-9]}
    choice = {"token_ids": [1, 2, 3], "logprobs": logprobs}
    assert reader.read(choice) == ([1, 2, 3], [-0.5, -1.0, 0.0], None)
    choice = {"token_ids": [4, 5], "logprobs": {"token_logprobs": [-2.0, -3.0]}}
    assert reader.read(choice) == ([4], [-2.0], "length")
    content = [{"id": 97, "logprob": -0.25}]
    choice = {"text": "a", "logprobs": {"content": content}}
    assert _reader("logprobs").read(choice) == ([97], [-0.25], None)


@pytest.mark.parametrize(
    "logprobs",
    [
        None,
        [],
        {},
        {"token_logprobs": [-0.5]},
        {"token_logprobs": [-0.5, None]},
        {"token_logprobs": [-0.5, True]},
        {"token_logprobs": [-0.5, float("nan")]},
    ],
)
def test_log_probabilities_that_are_none_are_unknown(logprobs: object) -> None:
    choice = {"token_ids": [1, 2], "logprobs": logprobs}
    assert _reader("token_ids").read(choice) == ([1, 2], None, None)


@pytest.mark.parametrize(
    "choice",
    [
        {"token_ids": [True]},
        {"token_ids": [-1]},
        {"token_ids": [2**31]},
        {"token_ids": [1], "finish_reason": "abort"},
    ],
)
def test_malformed_ids(choice: dict[str, Any]) -> None:
    with pytest.raises(MalformedResponse):
        _reader("token_ids").read(choice)
