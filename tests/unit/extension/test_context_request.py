"""Requests for what a project adds."""

from __future__ import annotations

import json
from typing import Any

import pytest

from jupyter_safecoder.errors import InvalidRequest
from jupyter_safecoder.extension.context_request import (
    ContextRequest,
    ProjectContext,
    parse_context_request,
)
from jupyter_safecoder.protocol import Excerpt

BODY = {"version": 2, "path": "RTC:work/a.ipynb", "cells": ["import a"], "current": "x"}


def test_a_request() -> None:
    assert parse_context_request(json.dumps(BODY).encode()) == ContextRequest(
        "work/a.ipynb", ("import a",), "x"
    )
    full = {**BODY, "open": ["RTC:b.ipynb", "/c.py"], "modules": False, "files": True}
    request = parse_context_request(json.dumps(full).encode())
    assert request.open == ("b.ipynb", "c.py")
    assert (request.modules, request.files) == (False, True)


@pytest.mark.parametrize(
    "change",
    [
        {"version": 1},
        {"path": 1},
        {"path": "a" * 5000},
        {"cells": "import a"},
        {"cells": [1]},
        {"cells": [""] * 501},
        {"current": None},
        {"open": ["a"] * 101},
        {"modules": 1},
        {"folder": "a"},
    ],
)
def test_what_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest):
        parse_context_request(json.dumps({**BODY, **change}).encode())


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"1", b"\xff"])
def test_what_is_no_request(body: bytes) -> None:
    with pytest.raises(InvalidRequest):
        parse_context_request(body)


def test_a_response() -> None:
    context = ProjectContext((Excerpt("a.py", "X: int\n"),))
    assert json.loads(context.to_json()) == {
        "version": 2,
        "modules": [{"path": "a.py", "text": "X: int\n"}],
        "files": [],
    }
