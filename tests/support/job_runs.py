"""Runs training jobs through the command line, with a model that trains in seconds."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jupyter_safecoder.cli.main import main
from jupyter_safecoder.finetune.jobs.job import LocalJob
from jupyter_safecoder.finetune.jobs.status import JobStatus
from jupyter_safecoder.models import ModelDescription
from tests.support.processes import until

Capture = pytest.CaptureFixture[str]


def run(*arguments: object) -> int:
    """Run a command; return its exit status."""
    return main([str(argument) for argument in arguments])


def answer(capsys: Capture) -> dict[str, Any]:
    """Return the JSON that a command printed."""
    loaded: dict[str, Any] = json.loads(capsys.readouterr().out)
    return loaded


def quick(directory: Path) -> tuple[str | Path, ...]:
    """Return the arguments of a recipe with short steps."""
    path = directory / "quick.toml"
    path.write_text(
        "tokens_per_step = 200\nwarmup = 2\nlearning_rate = 3e-3\neval_samples = 12\n", "utf-8"
    )
    return ("--recipe", path)


def tiny(model: ModelDescription) -> tuple[str | Path, ...]:
    """Return the arguments of a tiny model."""
    return ("--model", model.weights, "--engine", "transformers")


def worker(job: LocalJob) -> int:
    """Return the id of the only worker process of a job."""
    [found] = workers(job)
    return found


def workers(job: LocalJob) -> list[int]:
    """Return the ids of a job's worker processes, without that of their launcher."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().split(b"\0")
        except OSError:
            continue
        ours = words[3:4] == [b"jupyter_safecoder.finetune"] or b"-u" in words
        if str(job.directory).encode() in words and ours:
            found.append(int(path.parent.name))
    return found


def until_phase(job: LocalJob, phase: str) -> None:
    """Wait until a job is in a phase."""
    _until_status(job, lambda status: status.state == "running" and status.phase == phase)


def until_step(job: LocalJob, step: int) -> None:
    """Wait until a job has taken a number of steps."""
    _until_status(job, lambda status: status.step >= step)


def _until_status(job: LocalJob, condition: Callable[[JobStatus], bool]) -> None:
    """Wait until the status of a job meets a condition; fail if the job is over before."""

    def is_met() -> bool:
        status = job.status()
        assert not status.over, (status.state, status.reason, status.phase)
        return condition(status)

    until(is_met, 120)


def kill(job: LocalJob) -> None:
    """Kill the worker of a job, and wait until it is gone."""
    os.kill(worker(job), signal.SIGKILL)
    while job.is_running:
        time.sleep(0.02)
