"""The worker process of a job: takes its lock, runs it, and writes how it ended."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from jupyter_safecoder.confinement import deny_network, guard_connections, keep_memory_private
from jupyter_safecoder.errors import JobStopped, SafeCoderError
from jupyter_safecoder.files import create_private_files
from jupyter_safecoder.slow_imports import skip_scikit_learn
from jupyter_safecoder.telemetry import silence_telemetry

from .job import LocalJob
from .killed import record_counters
from .runner import JobRunner
from .status import JobStatus

#: Errors of a full disk, an exceeded quota, and the maximum size of a file.
_DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_CONTINUES = "it continues from its last checkpoint."


def main(directory: Path) -> int:
    """Run the job of a directory; return the exit status."""
    job = LocalJob(directory.parent.parent, directory.name)
    _prepare_process(job)
    if os.environ.get("RANK", "0") != "0":
        # The first of several processes does all that is not training.
        JobRunner(job, JobStatus(job.name), reports=False).run_worker_rank()
        return 0
    with job.files.lock().acquire(timeout=10):
        job.files.write("process", str(os.getpid()))
        record_counters(job.files)
        return _run(job)


def _run(job: LocalJob) -> int:
    status = job.files.read_status()
    status.state, status.reason, status.remedy = "running", "", ""
    status.eta_s = None  # that of an earlier process
    try:
        job.files.reserve_space()
        JobRunner(job, status).run()
        job.files.write_final(status)
        return 0
    except JobStopped:
        status.state, status.reason = "stopped", f"Stopped at step {status.step}."
        status.remedy = f"Resume it: {_CONTINUES}"
    except Exception as error:
        status.state = "failed"
        status.reason, status.remedy = failure(error, job.directory / "log")
        job.files.write_final(status)
        if isinstance(error, (SafeCoderError, OSError, MemoryError)):
            return 1
        raise
    job.files.write_final(status)
    return 1


def failure(error: Exception, log: Path) -> tuple[str, str]:
    """Return the reason and the remedy of an error that ended a job.

    Parameters
    ----------
    error
        The error.
    log
        The file that has the traceback of an unexpected error.
    """
    if isinstance(error, SafeCoderError):
        return error.reason, error.remedy
    # PyTorch has no exception of its own for the memory of the machine.
    if isinstance(error, MemoryError) or (
        isinstance(error, RuntimeError) and "can't allocate memory" in str(error)
    ):
        return (
            "There is not enough memory.",
            "Choose a smaller model, or a recipe with fewer tokens_per_step.",
        )
    if not isinstance(error, OSError):
        return f"Training failed with an error ({type(error).__name__}).", f"{log} has the details."
    if error.errno in _DISK_FULL:
        return "The disk is full.", f"Free some space and resume it: {_CONTINUES}"
    return (
        f"{error.filename or 'A file'} cannot be used: {error.strerror}.",
        f"Fix that and resume it: {_CONTINUES}",
    )


def _prepare_process(job: LocalJob) -> None:
    """Set up this process before it reads anything: it keeps what it does to itself."""
    create_private_files()
    keep_memory_private()
    guard_connections()
    if not _needs_network(job):
        deny_network()
    silence_telemetry()
    skip_scikit_learn()
    _yield_to_completions()


def _needs_network(job: LocalJob) -> bool:
    """Return whether a job fetches packages or a model, or has several processes."""
    request = job.request()
    downloads = request.recipe.sources or request.settings.allow_downloads
    return bool(downloads) or request.processes > 1


def _yield_to_completions() -> None:
    """Take the processor time that is left: completions are served meanwhile."""
    if hasattr(os, "SCHED_IDLE"):
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    elif hasattr(os, "nice"):
        os.nice(19)
