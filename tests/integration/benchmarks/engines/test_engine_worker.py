"""An engine in a process of its own: what it reports, and how it fails."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.engines.engine_worker import WorkerError, start_worker
from jupyter_safecoder.engines.scripted import write_scripted_model


@pytest.mark.parametrize(
    ("script", "error"),
    [
        ({"otherwise": "abc", "die_after": 1}, "status 86"),
        ({"otherwise": "abc", "fail_after": 1}, "The script makes the engine fail."),
        ({"load_ms": 60_000}, "killed after"),
    ],
)
def test_an_engine_that_fails(tmp_path: Path, script: dict[str, Any], error: str) -> None:
    answers = [{"after": "", "text": script.get("otherwise", ""), **script}]
    model = write_scripted_model(tmp_path / "model", {**script, "answers": answers})
    job = {"model": str(model), "engine": "scripted", "options": {}}
    timeout_s = 3.0 if "load_ms" in script else 60.0
    with (
        pytest.raises(WorkerError, match=error),
        start_worker(
            "own_engine", job, tmp_path / "log", Path(sys.executable), timeout_s
        ) as worker,
    ):
        worker.generate([1, 2, 3], 3)


def test_what_a_worker_reports(tmp_path: Path) -> None:
    script = {"otherwise": "abcdef", "first_token_ms": 30, "token_ms": 5}
    model = write_scripted_model(tmp_path / "model", script)
    job = {"model": str(model), "engine": "scripted", "options": {}}
    with start_worker("own_engine", job, tmp_path / "log") as worker:
        generated = worker.generate([1, 2, 3], 4)
        assert bytes(generated.ids) == b"abcd"
        assert generated.times_ms[0] >= 30
        assert generated.times_ms[-1] >= 45
        assert generated.times_ms == sorted(generated.times_ms)
        assert generated.rss_mb > 5
        assert worker.load_s > 0
