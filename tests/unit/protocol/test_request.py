"""Requests as JSON, and back."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest

from jupyter_safecoder.errors import InvalidRequest
from jupyter_safecoder.protocol import (
    SOURCES,
    Cell,
    Column,
    CompletionOptions,
    CompletionRequest,
    Excerpt,
    KernelName,
    parse_request,
)
from tests.support.protocol_schema import check

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
