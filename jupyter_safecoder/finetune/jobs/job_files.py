"""The files of a job, in a directory that no other user can read.

``<cache>/jobs/<name>/`` has ``job.json`` (the request), ``status.json``, the checkpoint, the log,
and a lock that the worker process holds as long as it lives. The only text of notebooks in them is
that of the examples in the result, with secrets redacted.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

from jupyter_safecoder.errors import FinetuneError
from jupyter_safecoder.files import atomic_write, make_private_directory, write_text

from .request import JobRequest
from .status import JobStatus

#: Bytes that are freed where the disk is full, so that the reason can be written.
_RESERVED_BYTES = 2**18
_LOCK, _START_LOCK = "lock", "start"
_REQUEST, _STATUS, _STOP, _RESERVE = "job.json", "status.json", "stop", "reserve"
#: What to do with an unfinished job of another version of this package.
RESTART = "Start it again with 'finetune': jobs of another version cannot be resumed."


class JobFiles:
    """The files of a job.

    Parameters
    ----------
    cache
        The cache directory.
    name
        Name of the job.
    """

    def __init__(self, cache: Path, name: str) -> None:
        self.name = name
        self.directory = cache / "jobs" / name

    def create(self) -> None:
        """Create the directory."""
        make_private_directory(self.directory)

    def clear(self) -> None:
        """Delete all files but the locks."""
        for path in self.directory.iterdir():
            if path.is_dir():
                shutil.rmtree(path)
            elif path.name not in (_LOCK, _START_LOCK):
                path.unlink()

    def lock(self) -> Any:
        """Return the lock that the worker process holds."""
        return self._lock(_LOCK)

    def start_lock(self) -> Any:
        """Return the lock that is held while the job is started or deleted."""
        return self._lock(_START_LOCK)

    def _lock(self, name: str) -> Any:
        from jupyter_safecoder.files.locks import process_lock

        self.create()
        return process_lock(self.directory / name)

    def check_exists(self) -> None:
        """Check that there is such a job, of this version or another.

        Raises
        ------
        FinetuneError
            If there is none.
        """
        if not (self.directory / _REQUEST).is_file():
            raise _no_job(self.name)

    @property
    def outdated(self) -> bool:
        """Whether the job was created by another version of this package."""
        try:
            JobRequest.from_json((self.directory / _REQUEST).read_text("utf-8"))
        except OSError:
            return False
        except ValueError:
            return True
        return False

    def read_request(self) -> JobRequest:
        """Return the request.

        Raises
        ------
        FinetuneError
            If there is no such job, or another version of this package created it.
        """
        try:
            return JobRequest.from_json((self.directory / _REQUEST).read_text("utf-8"))
        except OSError as error:
            raise _no_job(self.name) from error
        except (ValueError, RecursionError) as error:
            raise FinetuneError(
                f"The job {self.name} was created by another version of SafeCoder, and cannot be "
                "resumed by this one.",
                RESTART,
            ) from error

    def write_request(self, request: JobRequest) -> None:
        """Write the request."""
        self.write(_REQUEST, request.to_json())

    @property
    def has_status(self) -> bool:
        """Whether a status was written."""
        return (self.directory / _STATUS).exists()

    def read_status(self) -> JobStatus:
        """Return the last status that was written, or that of a job that starts."""
        try:
            return JobStatus.from_json(json.loads((self.directory / _STATUS).read_text("utf-8")))
        except (OSError, ValueError, TypeError, AttributeError, RecursionError):
            return JobStatus(self.name)

    def write_status(self, status: JobStatus) -> None:
        """Write the status."""
        self.write(_STATUS, json.dumps(asdict(status)))

    def write_final(self, status: JobStatus) -> None:
        """Write the last status of a process, also where the disk is full."""
        (self.directory / _RESERVE).unlink(missing_ok=True)
        self.write_status(status)

    def reserve_space(self) -> None:
        """Reserve space on the disk for the last status."""
        with atomic_write(self.directory / _RESERVE) as stream:
            stream.write(bytes(_RESERVED_BYTES))

    def request_stop(self) -> None:
        """Ask the worker process to stop."""
        (self.directory / _STOP).touch()

    def stop_requested(self) -> bool:
        """Return whether the worker process is asked to stop."""
        return (self.directory / _STOP).exists()

    def clear_stop(self) -> None:
        """Withdraw the request to stop."""
        (self.directory / _STOP).unlink(missing_ok=True)

    def read(self, name: str) -> str | None:
        """Return the text of a file, or ``None`` if there is none."""
        try:
            return (self.directory / name).read_text("utf-8")
        except FileNotFoundError:
            return None

    def write(self, name: str, text: str) -> None:
        """Write a file in one step.

        Parameters
        ----------
        name
            Name of the file.
        text
            Its content.

        Raises
        ------
        OSError
            If it cannot be written; the old content remains.
        """
        write_text(self.directory / name, text)


def _no_job(name: str) -> FinetuneError:
    return FinetuneError(f"There is no job {name!r}.", "'jobs' lists those that there are.")
