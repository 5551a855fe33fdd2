"""Processes under test: starts runtimes, waits for conditions, finds child processes."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil

from jupyter_safecoder.child_process import child_process
from jupyter_safecoder.clients.connection import RUNTIME_MODULE, Connection
from jupyter_safecoder.clients.runtime_client import RuntimeClient
from jupyter_safecoder.engines.scripted import write_scripted_model
from jupyter_safecoder.settings import RuntimeSettings


def until(condition: Callable[[], Any], seconds: float = 15) -> Any:
    """Return the condition's value as soon as it is true; fail after some seconds."""
    end = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < end, f"The condition was not true within {seconds} s."
        time.sleep(0.02)
    return value


def is_gone(pid: int) -> bool:
    """Return whether a process has ended."""
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


@dataclass
class RuntimeProcess:
    """A runtime process, with a client of it."""

    process: subprocess.Popen[bytes]
    connection: Connection
    client: RuntimeClient
    log: Path

    def cancelled(self) -> int:
        """Return the number of requests that were cancelled in the engine."""
        return self.client.status().counters.cancelled


@contextmanager
def runtime_process(
    directory: Path, script: dict[str, Any] | None, **settings: Any
) -> Iterator[RuntimeProcess]:
    """Start a runtime process as the server extension does, with a log of its own.

    Parameters
    ----------
    directory
        Gets the scripted model and the log.
    script
        Script of the model; ``None``: the settings name a model.
    settings
        Fields of :class:`RuntimeSettings`.
    """
    directory.mkdir(parents=True, exist_ok=True)
    if script is not None:
        model = write_scripted_model(directory / "model", script)
        settings = {"model": str(model), "engine": "scripted", **settings}
    log = directory / "runtime.log"
    with (
        log.open("wb") as output,
        child_process(RUNTIME_MODULE, asdict(RuntimeSettings(**settings)), stderr=output) as child,
    ):
        message = child.first_message()
        assert message, log.read_text()
        connection = Connection(**message["listening"])
        try:
            with RuntimeClient(connection) as client:
                yield RuntimeProcess(child.process, connection, client, log)
        finally:
            if child.process.poll() is None:
                child.process.kill()


def runtimes_of(pid: int) -> list[psutil.Process]:
    """Return the runtime processes below a process."""
    return children_that_run(RUNTIME_MODULE, pid)


def children_that_run(module: str, pid: int | None = None) -> list[psutil.Process]:
    """Return the processes below a process (default: this one) whose command names a module."""
    found = []
    for child in psutil.Process(pid).children(recursive=True):
        with suppress(psutil.Error):  # it has just ended
            if module in " ".join(child.cmdline()):
                found.append(child)
    return found


def run_python(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run code in a fresh interpreter."""
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        env={**os.environ, **environment},
    )
