"""Latency while a user types: which tasks, which requests, which times."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from jupyter_safecoder.errors import RuntimeRequestError
from jupyter_safecoder.evaluation.typing_latency import (
    bench_typing,
    choose_tasks,
    with_cache_buster,
)
from jupyter_safecoder.protocol import Cell, CompletionRequest, Done, Error, Event, Text
from tests.support.fake_client import FakeClient

DONE = Done("pass", "end", "spm", "m", 50, 4, 1.0, 2.0)


def _task(name: str, context: int, expected: str) -> dict[str, Any]:
    cells = [{"type": "code", "source": "x" * context}, {"type": "code", "source": expected}]
    return {
        "id": name,
        "cells": cells,
        "cell_index": 1,
        "prefix": "",
        "suffix": "",
        "expected": expected,
    }


def test_the_longest_notebooks_are_typed_first_each_once() -> None:
    long_line = "a_long_line = 1"
    tasks = [
        _task("a#1", 10, long_line),
        _task("b#1", 30, long_line),
        _task("b#2", 40, long_line),
        _task("c#1", 90, "short"),
    ]
    chosen = [task["id"] for task in choose_tasks(tasks, 4)]
    assert chosen == ["b#2", "a#1", "c#1", "b#1"]
    assert len(choose_tasks(tasks, 2)) == 2


def test_each_key_is_a_request_and_the_first_is_cold() -> None:
    client = FakeClient(lambda request: [Text("pa", 2), Text("pass", 4), DONE])
    progress: list[tuple[int, int]] = []
    report = bench_typing(
        client,
        [_task("a#1", 10, "abc\nnot typed")],
        ["spm", "psm"],
        lambda done, total: progress.append((done, total)),
    )
    assert [r.prefix for r in client.sent] == ["", "a", "ab", "abc"] * 2
    assert [r.options.layout for r in client.sent] == ["spm"] * 4 + ["psm"] * 4
    assert not any(r.options.rules for r in client.sent)
    assert client.sent[0].before != client.sent[4].before  # each layout starts cold
    assert client.sent[0].before == client.sent[3].before
    assert (report["context_tokens"], report["notebooks"], report["keystrokes"]) == (50, 1, 3)
    assert set(report["layouts"]) == {"spm", "psm"}
    assert progress == [(1, 2), (2, 2)]


def test_a_model_that_generates_nothing_has_a_ttft_and_no_tpot() -> None:
    report = bench_typing(FakeClient(lambda request: [DONE]), [_task("a", 1, "ab")], ["spm"])
    times = report["layouts"]["spm"]
    assert times["keystroke_ttft_ms"]["p50"] is not None
    assert times["tpot_ms"]["p50"] is None


@pytest.mark.parametrize("events", [[Error("queue_full", "Full.")], [Text("a", 1)]])
def test_a_request_without_a_result_ends_it(events: Sequence[Event]) -> None:
    with pytest.raises(RuntimeRequestError):
        bench_typing(FakeClient(lambda request: events), [_task("a", 1, "ab")], ["spm"])


def test_a_cache_buster_changes_every_cell_above() -> None:
    request = CompletionRequest("x", "y", before=(Cell("code", "a", "b"), Cell("markdown", "c")))
    changed = with_cache_buster(request, "salt")
    assert (changed.prefix, changed.suffix) == ("x", "y")
    assert changed.before == (Cell("code", "# salt\na", "b"), Cell("markdown", "# salt\nc"))
