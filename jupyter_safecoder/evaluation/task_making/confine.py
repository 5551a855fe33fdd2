"""Starts a kernel that reaches no network and has a bounded memory.

As a program, ``confine.py BYTES NETWORK COMMAND…`` limits this process and becomes the command.
Where the system grants a network namespace, :func:`confined_command` starts it in one, in which
there is the loopback interface alone; elsewhere the kernel itself refuses connections, see
:data:`REFUSE_CONNECTIONS`. It imports the standard library only: the kernel may be of another
environment.
"""

from __future__ import annotations

import os
import resource
import shutil
import socket
import struct
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from fcntl import ioctl
from functools import cache

#: Memory of a kernel, in bytes.
MEMORY_BYTES = 6 * 2**30
#: Maximum size of a file that a kernel writes, in bytes.
_FILE_BYTES = 2**30
_SIOCSIFFLAGS, _IFF_UP = 0x8914, 0x1
#: Python that refuses connections to other machines, where no network namespace is granted.
REFUSE_CONNECTIONS = """
import sys

def refuse(event, arguments):
    if event in ("socket.connect", "socket.sendto") and isinstance(arguments[-1], tuple):
        host = arguments[-1][0]
    elif event == "socket.getaddrinfo":
        host = arguments[0]
    else:
        return
    if host and not str(host).startswith(("127.", "::1", "localhost")):
        raise ConnectionRefusedError("This kernel is offline.")

sys.addaudithook(refuse)
"""
_PROXIES = frozenset({"http_proxy", "https_proxy", "ftp_proxy", "all_proxy", "no_proxy"})


@cache
def namespace_command() -> tuple[str, ...]:
    """Return the start of a command that enters a new network namespace; empty: none is granted."""
    unshare = shutil.which("unshare")
    if unshare is None:
        return ()
    as_root = () if os.geteuid() == 0 else ("--map-root-user",)
    command = (unshare, *as_root, "--net")
    done = subprocess.run([*command, "true"], capture_output=True, check=False)  # noqa: S603
    return command if done.returncode == 0 else ()


def confined_command(command: Sequence[str], memory_bytes: int = MEMORY_BYTES) -> list[str]:
    """Return a command that runs another one confined, as the same process."""
    namespace = namespace_command()
    network = "own" if namespace else "machine"
    launcher = [sys.executable, "-I", "-S", __file__, str(memory_bytes), network]
    return [*namespace, *launcher, *command]


def without_proxies(environment: Mapping[str, str]) -> dict[str, str]:
    """Return an environment that names no proxies."""
    return {name: value for name, value in environment.items() if name.lower() not in _PROXIES}


def main() -> None:
    """Limit this process, and become the command of the arguments."""
    memory, network, *command = sys.argv[1:]
    _limit(resource.RLIMIT_DATA, int(memory))
    _limit(resource.RLIMIT_FSIZE, _FILE_BYTES)
    _limit(resource.RLIMIT_CORE, 0)
    if network == "own":
        _start_loopback()
    os.execvp(command[0], command)  # noqa: S606 - the command of a kernel


def _limit(what: int, most: int) -> None:
    """Set a limit of this process, as far as that does not raise it."""
    _, hard = resource.getrlimit(what)
    bound = most if hard == resource.RLIM_INFINITY else min(most, hard)
    with suppress(OSError, ValueError):  # a system without this limit
        resource.setrlimit(what, (bound, bound))


def _start_loopback() -> None:
    """Start the loopback interface: in a new network namespace it is down."""
    with socket.socket() as any_ipv4:
        ioctl(any_ipv4, _SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", _IFF_UP))


if __name__ == "__main__":
    main()
