"""Fine-tuning jobs: their interface, and those of this machine.

A job of this machine is a directory and a process; its status survives both the process and the
kernel that started it.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from jupyter_safecoder.adapters.registry import check_name
from jupyter_safecoder.errors import FinetuneError, LocksUnavailable
from jupyter_safecoder.extras import TRAINING, require_extra

from .job_files import RESTART, JobFiles
from .killed import explain_end
from .process import start_worker
from .request import JobRequest
from .status import JobStatus

_POLL_S = 0.5
_START_TIMEOUT_S = 60.0
#: Other processes hold the lock for a moment to test it; one that holds it longer is the worker.
_LOCK_TIMEOUT_S = 0.1


class Job(ABC):
    """A job of this machine, or of a Hub's service."""

    name: str

    @abstractmethod
    def status(self) -> JobStatus:
        """Return the status."""

    @abstractmethod
    def stop(self) -> None:
        """Ask the job to write a checkpoint and stop; returns at once."""

    @abstractmethod
    def resume(self) -> None:
        """Continue from the last checkpoint."""

    def wait(self, on_status: Callable[[JobStatus], None] = lambda status: None) -> JobStatus:
        """Wait until the job is over, and return its last status.

        Parameters
        ----------
        on_status
            Called with each status until then.
        """
        while True:
            status = self.status()
            on_status(status)
            if status.over:
                return status
            time.sleep(_POLL_S)


class LocalJob(Job):
    """A job of this machine.

    Parameters
    ----------
    cache
        The cache directory.
    name
        Name of the job, and of its adapter.

    Raises
    ------
    FinetuneError
        If the name cannot be that of a directory.
    """

    def __init__(self, cache: Path, name: str) -> None:
        check_name(name)
        self.name = name
        self.files = JobFiles(cache, name)

    @property
    def directory(self) -> Path:
        """The directory of the job."""
        return self.files.directory

    @property
    def is_running(self) -> bool:
        """Whether a worker process runs.

        Raises
        ------
        LocksUnavailable
            If that cannot be known.
        """
        from filelock import Timeout

        if not self.directory.is_dir():
            return False
        try:
            lock = self.files.lock()
            with lock.acquire(timeout=_LOCK_TIMEOUT_S, poll_interval=_LOCK_TIMEOUT_S / 5):
                return False
        except Timeout:
            return True

    @property
    def is_orphaned(self) -> bool:
        """Whether the worker died without writing a final status."""
        # Read twice: it may be written between the checks.
        return (
            not self.files.read_status().over
            and not self.is_running
            and not self.files.read_status().over
        )

    def request(self) -> JobRequest:
        """Return the request.

        Raises
        ------
        FinetuneError
            If there is no such job, or another version of this package created it.
        """
        return self.files.read_request()

    def status(self) -> JobStatus:
        """Return the status; that of an orphaned job is ``stopped``.

        Without locks it is not known whether its process runs: then it is the one that was written,
        with that reason.
        """
        try:
            is_orphaned = self.is_orphaned
        except LocksUnavailable as error:
            status = self.files.read_status()
            status.reason = f"It is not known whether its process runs. {error.reason}"
            status.remedy = error.remedy
            return status
        status = self.files.read_status()
        if is_orphaned:
            status.state = "stopped"
            status.reason, status.remedy = explain_end(self.files, status)
        if status.state in ("stopped", "failed") and self.files.outdated:
            status.remedy = RESTART
        return status

    def start(
        self, request: JobRequest, announce: Callable[[JobStatus], None] = lambda status: None
    ) -> None:
        """Start a new job; the files of an earlier one of that name are deleted, not its adapter.

        Parameters
        ----------
        request
            What to train.
        announce
            Called with the first status before the process starts.

        Raises
        ------
        FinetuneError
            If a job of that name runs, or the process does not start.
        """
        with self._not_running():
            self._create(request)
            announce(request.first_status)
            self._launch(request.processes)

    def create_stopped(self, request: JobRequest) -> None:
        """Create a new job without starting its processes.

        Raises
        ------
        FinetuneError
            If a job of that name runs.
        """
        with self._not_running():
            self._create(request)

    def resume(self) -> None:
        """Continue from the last checkpoint.

        Raises
        ------
        FinetuneError
            If there is no such job, it runs, or it is done.
        """
        request = self.request()
        with self._not_running():
            if self.status().state == "done":
                raise FinetuneError(
                    f"The job {self.name} is done.", "Start another one with another name."
                )
            self._launch(request.processes)

    def stop(self) -> None:
        """Ask the worker to write a checkpoint and stop; returns at once.

        Raises
        ------
        FinetuneError
            If there is no such job, or it does not run.
        """
        self.files.check_exists()
        if not self.is_running:
            raise FinetuneError(f"The job {self.name} does not run.")
        self.files.request_stop()

    def kill(self) -> None:
        """Kill the worker, which did not stop when it was asked to."""
        process = self.files.read("process")
        if process is not None and self.is_running:
            os.kill(int(process), signal.SIGKILL)

    def delete(self) -> None:
        """Delete all files of the job, but not its adapter.

        Raises
        ------
        FinetuneError
            If it runs.
        """
        with self._not_running():
            shutil.rmtree(self.directory)

    @contextmanager
    def _not_running(self) -> Iterator[None]:
        """Let one process at a time start or delete the job, and none while it runs."""
        with self.files.start_lock():
            if self.is_running:
                raise FinetuneError(
                    f"A job named {self.name} runs already.", "Stop it, or choose another name."
                )
            yield

    def _create(self, request: JobRequest) -> None:
        require_extra(*TRAINING)
        self.files.clear()
        self.files.write_request(request)
        self.files.write_status(request.first_status)

    def _launch(self, processes: int) -> None:
        """Start the worker, and wait until it holds its lock."""
        if sys.platform == "win32":
            raise FinetuneError(
                "Training is not supported on Windows.",
                "Train in WSL, in a container, or on a JupyterHub with the SafeCoder service.",
            )
        self.files.clear_stop()
        status = self.status() if self.files.has_status else JobStatus(self.name)
        status.state, status.phase, status.reason, status.remedy = "starting", "Starting", "", ""
        self.files.write_status(status)
        process = start_worker(self.directory, processes)
        # The first worker writes its own, later: until then this is not that of an earlier one.
        self.files.write("process", str(process.pid))
        started = time.monotonic()
        while not self.is_running:
            if process.poll() is not None:
                if self.status().state in ("failed", "done"):
                    return
                raise FinetuneError(
                    "The process of the job did not start.",
                    f"{self.directory / 'log'} has the reason.",
                )
            if time.monotonic() - started > _START_TIMEOUT_S:
                process.send_signal(signal.SIGKILL)
                raise FinetuneError("The process of the job did not start in a minute.")
            time.sleep(0.05)


def all_jobs(cache: Path) -> list[JobStatus]:
    """Return the status of each job of a cache directory, sorted by name."""
    return [
        LocalJob(cache, path.parent.name).status()
        for path in sorted((cache / "jobs").glob("*/job.json"))
    ]
