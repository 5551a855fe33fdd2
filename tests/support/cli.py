"""Runs ``jupyter safecoder`` as users and programs do."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from jupyter_safecoder.engines.scripted import write_scripted_model

#: Completions of the scripted model of :func:`scripted_model`.
SCRIPT: dict[str, Any] = {
    "answers": [
        {"after": "import nu", "text": "mpy as np"},
        {"after": "\U0001f600 = '", "text": "é\U0001f680"},
        {"after": "A notebook in r.x <- ", "text": "c(1)"},
    ],
    "otherwise": "pass",
}


def scripted_model(directory: Path) -> list[str]:
    """Write a scripted model; returns the arguments that name it."""
    model = write_scripted_model(directory / "model", SCRIPT)
    return ["--model", str(model), "--engine", "scripted"]


def run(
    *arguments: object, status: int = 0, timeout: float = 120, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run a command, which must exit with a status and print no traceback."""
    done = subprocess.run(
        [sys.executable, "-m", "jupyter_safecoder.cli.main", *map(str, arguments)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=timeout,
        check=False,
        env={**os.environ, **environment},
    )
    assert "Traceback" not in done.stderr, done.stderr
    assert done.returncode == status, done.stderr
    return done


def run_json(*arguments: object, **more: Any) -> dict[str, Any]:
    """Run a command with ``--json``; returns the one object that it prints."""
    done = run(*arguments, "--json", **more)
    assert done.stdout.count("\n") == 1
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def complete_arguments(path: Path, cell: int, line: int, column: int) -> list[object]:
    """Return the arguments of ``complete`` at a position."""
    return ["complete", path, "--cell", cell, "--line", line, "--column", column]
