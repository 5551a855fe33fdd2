"""Explains why the process of a job has ended without a word, as far as the kernel shows it."""

from __future__ import annotations

import json
import signal

from jupyter_safecoder.engines.hardware.oom_kills import has_oom_killed, oom_kills
from jupyter_safecoder.models import format_gb

from .job_files import JobFiles
from .process import exit_status
from .status import JobStatus

#: The kernel's counters when the process started.
_COUNTERS = "oom-kills"
_CONTINUES = "it continues from its last checkpoint."


def record_counters(files: JobFiles) -> None:
    """Write the kernel's counters of processes that were ended for lack of memory."""
    files.write(_COUNTERS, json.dumps(oom_kills()))


def explain_end(files: JobFiles, status: JobStatus) -> tuple[str, str]:
    """Return the reason and the remedy of a job whose process has ended without a status.

    Parameters
    ----------
    files
        The files of the job.
    status
        Its last status.
    """
    ended = "Its process ended before it was done"
    if not _lacked_memory(files):
        return f"{ended}.", f"Resume it: {_CONTINUES}"
    needed, had = status.memory_bytes, status.available_bytes
    figures = ""
    if needed is not None:
        figures = f" It needs about {format_gb(needed)}"
        figures += f"; {format_gb(had)} were available at the start." if had is not None else "."
    return (
        f"{ended}: it was killed, probably for lack of memory.{figures}",
        "Free memory, or raise the limit of the container, and resume it: "
        f"{_CONTINUES} Or start it again with a smaller model, or with fewer tokens_per_step in a "
        "recipe.",
    )


def _lacked_memory(files: JobFiles) -> bool:
    """Return whether the kernel has probably ended the process for lack of memory."""
    if files.stop_requested():
        return False  # it may have been killed because it did not stop
    try:
        counters = json.loads(files.read(_COUNTERS) or "{}")
        pid = int(files.read("process") or 0)
    except ValueError:
        return False
    # Usually only the kernel sends this signal.
    return has_oom_killed(counters) or exit_status(pid) == -signal.SIGKILL
