"""Scores over infilling tasks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from jupyter_safecoder.errors import RuntimeRequestError
from jupyter_safecoder.evaluation.infill import compare_sources, infill, source_sets
from jupyter_safecoder.protocol import CompletionOptions, CompletionRequest, Done, Error, Event
from tests.support.fake_client import FakeClient


def _task(expected: str) -> dict[str, Any]:
    return {"cells": [], "cell_index": 0, "prefix": expected, "suffix": "", "expected": expected}


def _echo(request: CompletionRequest) -> Sequence[Event]:
    """Complete every second task as expected, and the raw text always."""
    exact = request.prefix in ("a", "c")
    text = request.prefix if exact else ""
    ttft = 10.0 if exact else None
    return [Done(text, "end", "psm", "m", 1, 1, ttft, 20.0, raw_text=request.prefix)]


def test_scores_are_means_over_the_tasks() -> None:
    progress: list[int] = []
    client = FakeClient(_echo)
    options = CompletionOptions(raw=True)
    report = infill(client, [_task(text) for text in "abcd"], options, progress.append)
    assert report == {
        "tasks": 4,
        "exact_match": 0.5,
        "edit_similarity": 0.5,
        "layout": "psm",
        "ttft_ms": {"p50": 10.0, "p95": 10.0},
        "total_ms": {"p50": 20.0, "p95": 20.0},
        "unfiltered": {"exact_match": 1.0, "edit_similarity": 1.0},
        "confidence": None,
        "uses": {},
    }
    assert progress == [1, 2, 3, 4]
    assert all(request.options == options for request in client.sent)


def test_log_probabilities_calibrate() -> None:
    def respond(request: CompletionRequest) -> Sequence[Event]:
        text, logprob = ("a", -0.5) if request.prefix in "ab" else ("", -4.0)
        if request.prefix == "c":
            text = "x"
        reason = "deadline" if request.prefix == "e" else "end"
        text = "e" if request.prefix == "e" else text
        return [Done(text, reason, "psm", "m", 1, 1, 1.0, 1.0, first_line_logprob=logprob)]

    tasks = [_task(text) for text in "abcde"]
    report = infill(FakeClient(respond), tasks, CompletionOptions())
    assert report["confidence"]["curve"] == [
        {"shown": 0.2, "right": 1.0, "min_logprob": -0.5},
        {"shown": 0.4, "right": 0.5, "min_logprob": -0.5},
        {"shown": 0.6, "right": 0.3333, "min_logprob": -4.0},
    ]


def test_a_refused_request_ends_it() -> None:
    client = FakeClient(lambda request: [Error("queue_full", "Full.")])
    with pytest.raises(RuntimeRequestError, match="Full"):
        infill(client, [_task("a")], CompletionOptions())


def test_scores_by_what_the_lines_need() -> None:
    tasks = [
        {**_task("a"), "uses": ["column"]},
        {**_task("b"), "uses": ["column", "kernel_name"]},
        _task("c"),
    ]
    uses = infill(FakeClient(_echo), tasks, CompletionOptions())["uses"]
    assert uses == {
        "column": {"tasks": 2, "exact_match": 0.5, "edit_similarity": 0.5},
        "kernel_name": {"tasks": 1, "exact_match": 0.0, "edit_similarity": 0.0},
    }


def test_a_table_of_sources_has_a_row_for_each_set() -> None:
    def respond(request: CompletionRequest) -> Sequence[Event]:
        text = "a" if request.kernel else ""
        return [Done(text, "end", "psm", "m", 1, 1, 1.0, 1.0)]

    task = {**_task("a"), "prefix": "a\n", "kernel": [{"name": "a", "type": "int"}]}
    client = FakeClient(respond)
    report = compare_sources(
        client, [task], CompletionOptions(), lambda done: None, ("cells", "kernel", "below")
    )
    assert [(row["sources"], row["exact_match"]) for row in report["table"]] == [
        (["cells"], 0.0),
        (["cells", "kernel"], 1.0),
        (["cells", "below"], 0.0),
        (["cells", "kernel", "below"], 1.0),
    ]
    assert report["exact_match"] == 1.0


def test_the_sets_of_a_table() -> None:
    assert source_sets(["cells"]) == [("cells",)]
    assert source_sets(["kernel"]) == [(), ("kernel",)]
    assert source_sets(["kernel", "cells"]) == [("cells",), ("cells", "kernel")]
