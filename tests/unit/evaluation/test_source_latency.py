"""Latency by source: the same keys with each set of sources, and one after an execution."""

from __future__ import annotations

from typing import Any

from jupyter_safecoder.evaluation.source_latency import bench_sources
from jupyter_safecoder.protocol import Cell, Done, Text
from tests.support.fake_client import FakeClient

DONE = Done("pass", "end", "context", "m", 50, 4, 1.0, 2.0)
TASK: dict[str, Any] = {
    "id": "a#1",
    "cells": [
        {"type": "code", "source": "t = load()"},
        {"type": "code", "source": "t.mean()"},
        {"type": "code", "source": "below"},
    ],
    "cell_index": 1,
    "prefix": "t.",
    "suffix": "\n",
    "expected": "me",
    "kernel": [{"name": "t", "type": "DataFrame", "shape": [3, 2]}],
}


def test_each_set_of_sources_types_and_executes() -> None:
    client = FakeClient(lambda request: [Text("x", 1), DONE])
    report = bench_sources(client, [TASK], ("cells", "below", "kernel"))
    rows = [row["sources"] for row in report["sources"]]
    assert rows == [
        ["cells"],
        ["cells", "below"],
        ["cells", "kernel"],
        ["cells", "below", "kernel"],
    ]
    assert (report["notebooks"], report["keystrokes"]) == (1, 2)
    assert all(row["prompt_tokens"] == 50 for row in report["sources"])
    assert [request.prefix for request in client.sent] == ["t.", "t.m", "t.me", "r"] * 4
    typed, executed = client.sent[-2:]
    assert [cell.source for cell in typed.below] == ["below"]
    assert executed.before[:-1] == typed.before, "an execution changes nothing above"
    assert executed.before[-1] == Cell("code", "t.me\n")
    assert [(name.name, name.shape) for name in typed.kernel] == [("t", (3, 2))]
    assert [(name.name, name.shape) for name in executed.kernel] == [
        ("result", (120, 4)),
        ("t", (4, 3)),
    ]
    assert not any(request.kernel for request in client.sent[:8]), "not a source of these sets"


def test_each_set_starts_cold() -> None:
    client = FakeClient(lambda request: [Text("x", 1), DONE])
    files = [{"path": "helpers.py", "source": "def load():\n    return 1\n"}]
    cells = [{"type": "code", "source": "import helpers"}, *TASK["cells"]]
    task = {**TASK, "files": files, "cells": cells, "cell_index": 2}
    bench_sources(client, [task], ("cells", "modules"))
    cold = [request for request in client.sent if request.prefix == "t."]
    assert len({request.before for request in cold}) == 2
    assert "def load" in cold[1].modules[0].text
    assert cold[1].modules[0].text.startswith("# ")
