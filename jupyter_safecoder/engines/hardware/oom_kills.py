"""Counts the processes that the kernel has ended for lack of memory."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from .cpu import control_groups
from .device import parse_int, read_file

#: Files of a control group with the counter: of version 2 and of version 1.
_GROUP_FILES = ("memory.events", "memory.oom_control")
_COUNTER = "oom_kill"


def oom_kills(root: Path = Path("/")) -> dict[str, int]:
    """Return the counters of this process's control group and of the machine, by their files.

    Parameters
    ----------
    root
        Directory of the kernel's files.
    """
    innermost = control_groups(root, "memory")[:1]
    files = [directory / name for directory in innermost for name in _GROUP_FILES]
    counters = {str(file): _counter(file) for file in (*files, root / "proc/vmstat")}
    return {file: count for file, count in counters.items() if count is not None}


def has_oom_killed(earlier: Mapping[str, int]) -> bool:
    """Return whether one of the counters has risen since :func:`oom_kills` returned it."""
    return any((_counter(Path(file)) or 0) > count for file, count in earlier.items())


def _counter(file: Path) -> int | None:
    for line in read_file(file).splitlines():
        name, _, value = line.partition(" ")
        if name == _COUNTER:
            return parse_int(value)
    return None
