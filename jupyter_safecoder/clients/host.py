"""Which host this is, and which of its processes a process id means.

A home directory may be that of several hosts at once, on a cluster or a JupyterHub, and a process
id says nothing on another one. On the same host it is used again: the start time tells its
processes apart, as in ``proc_pid_stat(5)`` of Linux.
"""

from __future__ import annotations

import hashlib
import os
import socket
import sys
from functools import cache
from pathlib import Path

from jupyter_safecoder.errors import RuntimeRequestError

#: Of the field ``starttime`` in ``/proc/PID/stat``, counted after the name of the program.
_STATE, _START_TIME = 0, 19
#: States of processes that have ended: zombie, dead.
_ENDED = (b"Z", b"X", b"x")
_TAG_CHARACTERS = 8
#: Absent on systems other than Linux.
_SELF = Path("/proc/self/stat")


@cache
def host_name() -> str:
    """Return the name of this host; containers have names of their own."""
    return socket.gethostname()


@cache
def boot_id() -> str:
    """Return what changes with each boot and each container; empty if the system does not say it.

    On Linux this is the kernel's id of the boot and the namespace of process ids.
    """
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
        return f"{boot} {os.readlink('/proc/self/ns/pid')}"
    except (OSError, ValueError):
        return ""


@cache
def host_tag() -> str:
    """Return a short name of this host and boot, for names of files in a shared directory."""
    identity = f"{host_name()}\n{boot_id()}".encode("utf-8", "surrogateescape")
    return hashlib.sha256(identity).hexdigest()[:_TAG_CHARACTERS]


def start_time(pid: int) -> int | None:
    """Return when a process of this host started, in clock ticks since the boot.

    Returns
    -------
    int or None
        ``None`` if there is no such process, or the system does not say it in ``/proc``.
    """
    fields = _stat(pid)
    return None if fields is None else int(fields[_START_TIME])


def is_running(pid: int, started: int | None = None) -> bool:
    """Return whether a process of this host runs. No signal is sent, not even 0.

    Parameters
    ----------
    pid
        Its id.
    started
        Its :func:`start_time`; another process that has got the same id since does not count.
        ``None``: not known.
    """
    if pid <= 0:
        return False
    if not _SELF.exists():
        return _check_pid(pid)
    fields = _stat(pid)
    if fields is None or fields[_STATE] in _ENDED:
        return False
    return started is None or started == int(fields[_START_TIME])


def check_platform() -> None:
    """Return if a runtime process can run on this system.

    Raises
    ------
    RuntimeRequestError
        If it cannot.
    """
    if sys.platform == "win32":
        raise RuntimeRequestError(
            "A runtime process is not supported on Windows.",
            "Open a Jupyter server in WSL, in a container, on another machine or on a JupyterHub; "
            "or set c.SafeCoder.service_url to the SafeCoder service of a JupyterHub.",
        )


def _stat(pid: int) -> list[bytes] | None:
    """Return the fields of ``/proc/PID/stat`` from the state on; ``None`` if there are none."""
    try:
        content = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return None
    # The name of the program is in parentheses, and may contain some.
    fields = content.rpartition(b")")[2].split()
    return fields if len(fields) > _START_TIME else None


def _check_pid(pid: int) -> bool:
    # Imported here: only a server has it already. On Windows it opens the process instead of
    # sending it a signal, which would end it.
    from jupyter_server.utils import check_pid

    return bool(check_pid(pid))
