"""Fine-tuning jobs: a directory each, a process each, and a status that survives both.

``<cache>/jobs/<name>/`` has ``job.json`` (what was asked for), ``status.json`` (where it stands),
the checkpoint, and a lock that the working process holds as long as it lives.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from jupyter_safecoder.adapters.registry import check_name
from jupyter_safecoder.errors import FinetuneError
from jupyter_safecoder.extras import TRAINING, require_extra
from jupyter_safecoder.finetune.model_build.manifest import read_manifest
from jupyter_safecoder.finetune.recipe import Recipe
from jupyter_safecoder.settings import RuntimeSettings

JobState = Literal["waiting", "starting", "running", "stopped", "failed", "done"]
#: One machine, any free port, and nothing of a configuration that somebody made for other things.
_LAUNCH = (
    *("-m", "accelerate.commands.launch", "--multi_gpu", "--num_machines", "1"),
    *("--mixed_precision", "no", "--dynamo_backend", "no", "--main_process_port", "0"),
)
_POLL_S = 0.5
_START_S = 60.0
#: Others look for a moment whether it is held: who holds it for longer works.
_LOOK_S = 0.1
#: Bytes that are given up where the disk is full, so that the reason can still be written down.
_RESERVE = 2**18
#: Whoever starts a process must be there to hear of its end, or it stays as a zombie.
_STARTED: list[subprocess.Popen[bytes]] = []


@dataclass(frozen=True)
class JobRequest:
    """What a job shall do; ``by`` is whoever asked, ``processes`` how many train together."""

    name: str
    paths: list[str]
    settings: dict[str, Any]
    recipe: dict[str, Any]
    by: str
    processes: int = 1

    def runtime_settings(self) -> RuntimeSettings:
        """Return the settings of the base model."""
        return RuntimeSettings(**self.settings)


@dataclass
class JobStatus:
    """Where a job stands; ``share`` is 0 to 1, ``curve`` and ``held_out`` are ``[step, loss]``."""

    name: str
    state: JobState = "starting"
    phase: str = "Starting"
    share: float = 0.0
    eta_s: float | None = None
    step: int = 0
    total: int = 0
    tokens_per_s: float = 0.0
    curve: list[list[float]] = field(default_factory=list)
    held_out: list[list[float]] = field(default_factory=list)
    reason: str = ""
    remedy: str = ""
    result: dict[str, Any] | None = None

    @property
    def over(self) -> bool:
        """Whether nothing more will come of it by itself."""
        return self.state in ("stopped", "failed", "done")


class Job(ABC):
    """A job of this machine, or of a Hub's service."""

    name: str

    @abstractmethod
    def status(self) -> JobStatus:
        """Return where it stands."""

    @abstractmethod
    def stop(self) -> None:
        """Ask it to write a checkpoint and end; returns at once."""

    @abstractmethod
    def resume(self) -> None:
        """Go on from the last checkpoint."""

    def wait(self, news: Callable[[JobStatus], None] = lambda status: None) -> JobStatus:
        """Return the status at the end; ``news`` hears of each on the way."""
        while True:
            status = self.status()
            news(status)
            if status.over:
                return status
            time.sleep(_POLL_S)


class LocalJob(Job):
    """A job's directory.

    Parameters
    ----------
    cache
        The cache directory.
    name
        Of the job, and of the adapter that it makes.
    """

    def __init__(self, cache: Path, name: str) -> None:
        check_name(name)
        self.name = name
        self.directory = cache / "jobs" / name
        self._status = self.directory / "status.json"
        self._stop = self.directory / "stop"

    def lock(self) -> Any:
        """Return the lock that the working process holds."""
        from filelock import FileLock

        self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        return FileLock(self.directory / "lock")

    @property
    def works(self) -> bool:
        """Whether a process works on it now."""
        from filelock import Timeout

        if not self.directory.is_dir():
            return False
        try:
            with self.lock().acquire(timeout=_LOOK_S, poll_interval=_LOOK_S / 5):
                return False
        except Timeout:
            return True

    def request(self) -> JobRequest:
        """Return what was asked for.

        Raises
        ------
        FinetuneError
            If there is no such job.
        """
        try:
            return JobRequest(**json.loads((self.directory / "job.json").read_text("utf-8")))
        except (OSError, ValueError, TypeError) as error:
            raise FinetuneError(
                f"There is no job {self.name!r}.", "'jobs' lists those that there are."
            ) from error

    def status(self) -> JobStatus:
        """Return where it stands; a process that was killed has left its last word."""
        if not self.lost:
            return self._last()
        status = self._last()
        status.state = "stopped"
        status.reason = "Its process ended before it was done."
        status.remedy = "Resume it: it goes on from its last checkpoint."
        return status

    @property
    def lost(self) -> bool:
        """Whether its process ended without a last word."""
        # It may say that between two looks.
        return not self._last().over and not self.works and not self._last().over

    def _last(self) -> JobStatus:
        try:
            return JobStatus(**json.loads(self._status.read_text("utf-8")))
        except (OSError, ValueError, TypeError):
            return JobStatus(self.name)

    def write(self, status: JobStatus) -> None:
        """Note where it stands."""
        self.note("status.json", json.dumps(asdict(status)))

    def write_last(self, status: JobStatus) -> None:
        """Note why it ended, also where the disk is full."""
        (self.directory / "reserve").unlink(missing_ok=True)
        self.write(status)

    def reserve(self) -> None:
        """Keep some room on the disk for the last word."""
        (self.directory / "reserve").write_bytes(bytes(_RESERVE))

    def note(self, name: str, text: str) -> None:
        """Write a file of the job, whole or not at all."""
        temporary = self.directory / f"{name}.{os.getpid()}"
        try:
            temporary.write_text(text, "utf-8")
            temporary.replace(self.directory / name)
        finally:
            temporary.unlink(missing_ok=True)

    def start(self, request: JobRequest) -> None:
        """Begin anew: what an earlier job of that name left, but for its adapter, is deleted.

        Raises
        ------
        FinetuneError
            If a job of that name works, or the process does not start.
        """
        with self._starting():
            self._write_down(request)
            self._begin(request.processes)

    def hold(self, request: JobRequest) -> None:
        """Begin anew, but leave the start of the processes to whoever asked.

        Raises
        ------
        FinetuneError
            If a job of that name works.
        """
        with self._starting():
            self._write_down(request)
            waiting = "It waits for its processes."
            self.write(JobStatus(self.name, "stopped", reason=waiting))

    def _write_down(self, request: JobRequest) -> None:
        require_extra(*TRAINING)
        for path in self.directory.iterdir():
            if path.is_dir():
                shutil.rmtree(path)
            elif path.name not in ("lock", "start"):
                path.unlink()
        self.note("job.json", json.dumps(asdict(request)))

    def resume(self) -> None:
        """Go on from the last checkpoint.

        Raises
        ------
        FinetuneError
            If there is no such job, it works, or it is done.
        """
        request = self.request()
        with self._starting():
            if self.status().state == "done":
                raise FinetuneError(
                    f"The job {self.name} is done.", "Start another, with another name."
                )
            self._begin(request.processes)

    def stop(self) -> None:
        """Ask the process to write a checkpoint and end; returns at once.

        Raises
        ------
        FinetuneError
            If nothing works on it.
        """
        self.request()
        if not self.works:
            raise FinetuneError(f"The job {self.name} does not run.")
        self._stop.touch()

    def stop_wished(self) -> bool:
        """Say whether somebody asked the process to stop."""
        return self._stop.exists()

    def kill(self) -> None:
        """End its process at once: it did not hear that it should stop."""
        if self.works:
            os.kill(int((self.directory / "process").read_text()), signal.SIGKILL)

    def delete(self) -> None:
        """Delete all of it but for its adapter.

        Raises
        ------
        FinetuneError
            If it works.
        """
        with self._starting():
            shutil.rmtree(self.directory)

    @contextmanager
    def _starting(self) -> Iterator[None]:
        """Let one at a time start it, and nobody while it works."""
        from filelock import FileLock

        # Paths are in it, and in the end lines of held-out notebooks: nobody else's to read.
        self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        with FileLock(self.directory / "start"):
            if self.works:
                raise FinetuneError(
                    f"A job named {self.name} runs already.", "Stop it, or take another name."
                )
            yield

    def _begin(self, processes: int) -> None:
        self._stop.unlink(missing_ok=True)
        status = self.status() if self._status.exists() else JobStatus(self.name)
        status.state, status.phase, status.reason, status.remedy = "starting", "Starting", "", ""
        self.write(status)
        several = [*_LAUNCH, "--num_processes", str(processes)] if processes > 1 else []
        with (self.directory / "log").open("wb") as log:
            # A session of its own: it outlives the kernel and the terminal that started it.
            process = subprocess.Popen(  # noqa: S603 - this very program
                [
                    *(sys.executable, *several),
                    *("-m", "jupyter_safecoder.finetune", str(self.directory)),
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                # Threads that wait for each other sleep: spinning takes what others could use.
                env={**os.environ, "OMP_WAIT_POLICY": "PASSIVE"},
            )
        _STARTED[:] = [one for one in _STARTED if one.poll() is None] + [process]
        began = time.monotonic()
        while not self.works:
            if process.poll() is not None:
                if self.status().state in ("failed", "done"):
                    return
                raise FinetuneError(
                    "The process of the job did not start.", f"{self.directory / 'log'} tells why."
                )
            if time.monotonic() - began > _START_S:
                process.send_signal(signal.SIGKILL)
                raise FinetuneError("The process of the job did not start in a minute.")
            time.sleep(0.05)


def all_jobs(cache: Path) -> list[JobStatus]:
    """Return the jobs that there are, by name."""
    return [
        LocalJob(cache, path.parent.name).status()
        for path in sorted((cache / "jobs").glob("*/job.json"))
    ]


def check_request(paths: Sequence[Path], recipe: Recipe) -> None:
    """Refuse what has nothing to learn from, or two things.

    Raises
    ------
    FinetuneError
        If there are neither paths nor a manifest of sources, or both.
    """
    if paths and recipe.sources:
        raise FinetuneError(
            "The recipe names its sources itself.", "Leave the paths out, or 'sources' in it."
        )
    if not paths and not recipe.sources:
        raise FinetuneError(
            "There is nothing to learn from.",
            "Name notebooks or directories, or a recipe that has 'sources'.",
        )
    if recipe.sources:
        read_manifest(Path(recipe.sources))


def recipe_of(request: JobRequest) -> Recipe:
    """Return the recipe of a request."""
    return Recipe(**request.recipe)
