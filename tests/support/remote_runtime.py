"""A remote engine that uses a real server, and completions through the runtime."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

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
    engine: RemoteEngine,
    prompts: Sequence[Sequence[int]],
    stop_ids: Collection[int],
    max_tokens: int,
) -> list[tuple[list[int], str | None]]:
    """Run prompts concurrently; return the ids of each, and why it finished."""
    outputs: list[EngineOutput] = []
    for number, prompt in enumerate(prompts):
        engine.submit(number, prompt, stop_ids, max_tokens)
    deadline = time.monotonic() + 60
    while engine.busy():
        outputs += engine.step()
        assert time.monotonic() < deadline, "The server does not finish."
    errors = [output.error for output in outputs if output.error]
    assert not errors, errors[0].reason
    completions = []
    for number in range(len(prompts)):
        own = [output for output in outputs if output.request == number]
        completions.append(([token for output in own for token in output.ids], own[-1].finished))
    return completions


def complete_on_the_command_line(directory: Path, code: str) -> dict[str, Any]:
    """Return the report of `jupyter safecoder complete` at the end of a cell."""
    cell = {
        **{"cell_type": "code", "metadata": {}, "source": code},
        **{"outputs": [], "execution_count": None},
    }
    notebook = {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 4}
    (directory / "cell.ipynb").write_text(json.dumps(notebook), "utf-8")
    *_, last = lines = code.split("\n")
    cursor = {"cell": 0, "line": len(lines) - 1, "column": len(last)}
    done = subprocess.run(
        [
            *(sys.executable, "-m", "jupyter_safecoder.cli.main", "complete"),
            *(str(directory / "cell.ipynb"), "--json"),
            *(f"--{name}={value}" for name, value in cursor.items()),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    return report
