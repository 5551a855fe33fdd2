"""``jupyter safecoder bench hub`` whole: how many a model carries, and what an end leaves."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

from benchmarks.__main__ import main
from jupyter_safecoder.engines.scripted import write_scripted_model
from tests.support.processes import children_that_run, until


def bench(capsys: pytest.CaptureFixture[str], *arguments: object) -> dict[str, Any]:
    assert main([*map(str, arguments), "--json"]) == 0
    report: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert not children_that_run("jupyterhub")
    assert not children_that_run("jupyter_safecoder")
    return report


def test_how_many_a_model_carries(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = write_scripted_model(tmp_path / "model", {"otherwise": "pass", "first_token_ms": 20})
    arguments = ("capacity", "--model", model, "--engine", "scripted", "--users", 3, "--seconds", 2)
    carried = bench(capsys, *arguments)["carried"]
    assert carried["safecoder"] == 2
    assert [step["users"] for step in carried["steps"]] == [1, 2]
    assert all(20 < step["ttft_ms"]["p50"] < 500 for step in carried["steps"])
    assert carried["llama.cpp"] is None
    assert "GGUF" in carried["error"]


@pytest.mark.parametrize("begun", ["jupyter_safecoder hub", "jupyter_safecoder.runtime"])
def test_interrupted(tmp_path: Path, begun: str) -> None:
    command = [sys.executable, "-m", "benchmarks", "hub", "--users", "2"]
    process = subprocess.Popen(
        command,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={**os.environ, "TMPDIR": str(tmp_path / "tmp")},
    )
    try:
        until(lambda: children_that_run(begun, process.pid), 60)
        children = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGINT)
        _, error = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 1
    assert "Interrupted." in error
    assert len(children) >= 2  # the Hub and its service at least
    _, alive = psutil.wait_procs(children, timeout=10)
    assert not alive
    assert not list((tmp_path / "tmp").glob("tmp*"))
