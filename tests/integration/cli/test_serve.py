"""``jupyter safecoder serve``."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from jupyter_safecoder.clients.connection import find_connections
from jupyter_safecoder.engines.scripted import write_scripted_model
from tests.support.cli import complete_arguments, run, scripted_model
from tests.support.notebook_files import write_notebook
from tests.support.processes import until


@pytest.fixture
def model(tmp_path: Path) -> list[str]:
    return scripted_model(tmp_path)


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    directory = write_scripted_model(tmp_path / "served", {"otherwise": "served"})
    with subprocess.Popen(
        [
            *(sys.executable, "-m", "jupyter_safecoder.cli.main", "serve"),
            *("--model", str(directory), "--engine", "scripted"),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        yield process
        process.kill()


def test_a_running_runtime_is_used(
    tmp_path: Path, serving: subprocess.Popen[str], model: list[str]
) -> None:
    assert serving.stdout
    assert "Connection file" in serving.stdout.readline() + serving.stdout.readline()
    path = write_notebook(tmp_path / "n.ipynb", ("code", "x = "))
    assert run(*complete_arguments(path, 0, 0, 4)).stdout == "served\n"
    # A model that is asked for by name gets a runtime of its own.
    assert run(*complete_arguments(path, 0, 0, 4), *model).stdout == "pass\n"
    assert psutil.pid_exists(serving.pid)
    serving.send_signal(signal.SIGINT)
    assert serving.wait(10) == 0
    assert "Traceback" not in serving.stdout.read()
    assert find_connections() == []


def test_ctrl_c_stops_it_while_the_model_loads(tmp_path: Path) -> None:
    directory = write_scripted_model(tmp_path / "model", {"load_ms": 60_000})
    command = [sys.executable, "-m", "jupyter_safecoder.cli.main", "serve", "--engine", "scripted"]
    with subprocess.Popen([*command, "--model", str(directory)]) as process:
        until(lambda: find_connections() != [])
        process.send_signal(signal.SIGINT)
        try:
            assert process.wait(10) == 0
        finally:
            process.kill()
    assert find_connections() == []
