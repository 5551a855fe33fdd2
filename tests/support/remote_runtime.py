"""An engine on a real server, driven as the runtime drives it."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nbformat

from jupyter_safecoder.engines import EngineOptions, EngineOutput, RemoteServer
from jupyter_safecoder.engines.remote.engine import RemoteEngine
from jupyter_safecoder.models import ModelDescription


@contextmanager
def engine_on(model: ModelDescription, server: RemoteServer) -> Iterator[RemoteEngine]:
    """Yield a loaded engine."""
    engine = RemoteEngine(model, EngineOptions(remote=server))
    engine.load()
    try:
        yield engine
    finally:
        engine.close()


def complete(
    engine: RemoteEngine, prompts: Sequence[Sequence[int]], stop_ids: Collection[int], most: int
) -> list[tuple[list[int], str | None]]:
    """Run prompts together; returns the ids of each, and how it finished."""
    outputs: list[EngineOutput] = []
    for number, prompt in enumerate(prompts):
        engine.submit(number, prompt, stop_ids, most)
    end = time.monotonic() + 60
    while engine.busy():
        outputs += engine.step()
        assert time.monotonic() < end, "The server does not finish."
    problems = [output.problem for output in outputs if output.problem]
    assert not problems, problems[0].reason
    answers = []
    for number in range(len(prompts)):
        own = [output for output in outputs if output.request == number]
        answers.append(([token for output in own for token in output.ids], own[-1].finished))
    return answers


def complete_on_the_command_line(directory: Path, code: str) -> dict[str, Any]:
    """Return the report of `jupyter safecoder complete` at the end of a cell."""
    cell = nbformat.v4.new_code_cell(code)
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), directory / "cell.ipynb")
    *_, last = lines = code.split("\n")
    place = {"cell": 0, "line": len(lines) - 1, "column": len(last)}
    done = subprocess.run(
        [
            *(sys.executable, "-m", "jupyter_safecoder.cli.main", "complete"),
            *(str(directory / "cell.ipynb"), "--json"),
            *(f"--{name}={value}" for name, value in place.items()),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    return report
