"""What a tree of processes holds: memory, file descriptors, sockets, threads; and a disk's use."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import psutil

_READINGS, _PAUSE_S = 5, 0.4


@dataclass(frozen=True)
class Resources:
    """A reading.

    Parameters
    ----------
    rss_mb
        Resident memory in MB, of all processes together.
    descriptors, sockets, threads
        Their numbers.
    processes
        Number of processes.
    disk_mb
        Size of the files in MB.
    """

    rss_mb: float
    descriptors: int
    sockets: int
    threads: int
    processes: int
    disk_mb: float


def read_resources(pids: list[int], directory: Path) -> Resources:
    """Return the least of some readings: what a request needs for a moment does not count.

    Parameters
    ----------
    pids
        Processes that are measured with all their children.
    directory
        Measured with all its files.
    """
    readings = []
    for number in range(_READINGS):
        if number:
            time.sleep(_PAUSE_S)
        readings.append(_read(pids, directory))
    return Resources(
        **{
            field.name: min(getattr(reading, field.name) for reading in readings)
            for field in fields(Resources)
        }
    )


def compare(first: Resources, last: Resources) -> dict[str, Any]:
    """Return both readings by what was measured, with the growth of memory as a share."""
    both = {
        field.name: {"first_tenth": getattr(first, field.name), "end": getattr(last, field.name)}
        for field in fields(Resources)
    }
    return {
        "rss_mb": both["rss_mb"],
        "growth": round(last.rss_mb / first.rss_mb - 1, 4),
        "descriptors": both["descriptors"] | {"leaked": last.descriptors - first.descriptors},
        "threads": both["threads"],
        "sockets": both["sockets"],
        "processes": both["processes"],
        "disk_mb": both["disk_mb"],
    }


def _read(pids: list[int], directory: Path) -> Resources:
    rss = descriptors = sockets = threads = processes = 0
    for pid in pids:
        root = psutil.Process(pid)
        for process in (root, *root.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):  # it has just ended
                with process.oneshot():
                    memory = process.memory_info().rss
                    found = (process.num_fds(), len(process.net_connections(kind="all")))
                    threads += process.num_threads()
                rss += memory
                descriptors += found[0]
                sockets += found[1]
                processes += 1
    size = sum(path.lstat().st_size for path in directory.rglob("*") if path.is_file())
    return Resources(
        round(rss / 1e6, 1), descriptors, sockets, threads, processes, round(size / 1e6, 2)
    )
