"""Refuses connections and look-ups of names beyond the allowed addresses, in Python code.

An audit hook sees every connection that Python code makes, whatever the library. It does not see
native code: :mod:`.system_calls` holds that, where a process needs no network at all.
"""

from __future__ import annotations

import logging
import socket
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import FrameType
from typing import Any

from .addresses import Address, AllowedAddresses
from .system_calls import is_network_denied

log = logging.getLogger("jupyter_safecoder.confinement")

#: Sockets that reach no other machine.
_LOCAL_FAMILIES = frozenset(
    getattr(socket, name) for name in ("AF_UNIX", "AF_NETLINK") if hasattr(socket, name)
)
_INTERNET = (socket.AF_INET, socket.AF_INET6)
#: Maximum number of destinations that are logged.
_MAX_LOGGED = 100


@dataclass(frozen=True)
class Confinement:
    """What holds this process back.

    Parameters
    ----------
    guarded
        Whether Python code is held to the allowed addresses.
    denied
        Whether the kernel of the system denies the network, to native code too.
    allowed
        The addresses that are allowed beside this machine.
    refused
        Number of connections and look-ups that were refused.
    """

    guarded: bool
    denied: bool
    allowed: tuple[str, ...]
    refused: int


class _Guard:
    def __init__(self) -> None:
        self.allowed = AllowedAddresses()
        self.refused = 0
        self._logged: set[str] = set()
        self._checks: dict[str, Callable[[tuple[Any, ...]], None]] = {
            "socket.connect": self._check_connection,
            "socket.sendto": self._check_connection,
            "socket.sendmsg": self._check_connection,
            "socket.getaddrinfo": self._check_name,
            "socket.gethostbyname": self._check_name,
            "socket.gethostbyaddr": self._check_address,
            "socket.getnameinfo": self._check_address,
        }

    def install(self) -> None:
        """Check all connections from now on; an audit hook is never removed."""
        lookup = socket.getaddrinfo

        def getaddrinfo(host: Any, *args: Any, **options: Any) -> Any:
            found = lookup(host, *args, **options)
            name = _text(host)
            if name:
                self.allowed.learn(name, (str(entry[4][0]) for entry in found))
            return found

        socket.getaddrinfo = getaddrinfo
        sys.addaudithook(self._hook)

    def _hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        check = self._checks.get(event)
        if check is not None:
            check(arguments)

    def _check_connection(self, arguments: tuple[Any, ...]) -> None:
        sock, address = arguments[0], arguments[-1]
        if sock.family in _LOCAL_FAMILIES or address is None:
            return
        if sock.family not in _INTERNET:
            self._refuse(f"a socket of family {int(sock.family)}")
        elif not self.allowed.has(_text(address[0]), address[1]):
            self._refuse(_shown(_text(address[0])))

    def _check_address(self, arguments: tuple[Any, ...]) -> None:
        host = arguments[0][0] if isinstance(arguments[0], tuple) else arguments[0]
        if not self.allowed.has_host(_text(host)):
            self._refuse_name(_shown(_text(host)))

    def _check_name(self, arguments: tuple[Any, ...]) -> None:
        host = _text(arguments[0])
        if not self.allowed.has_name(host):
            self._refuse_name(_shown(host))

    def _refuse(self, destination: str) -> None:
        raise ConnectionRefusedError(self._report(destination))

    def _refuse_name(self, destination: str) -> None:
        raise socket.gaierror(socket.EAI_NONAME, self._report(destination))

    def _report(self, destination: str) -> str:
        self.refused += 1
        text = f"SafeCoder refuses connections to {destination}."
        if destination not in self._logged and len(self._logged) < _MAX_LOGGED:
            self._logged.add(destination)
            log.warning("%s One was tried by %s.", text, _caller())
        return text


_GUARD = _Guard()
_INSTALLED: list[bool] = []


def guard_connections(addresses: Iterable[Address] = ()) -> None:
    """Refuse all connections of Python code in this process but to this machine and to addresses.

    Parameters
    ----------
    addresses
        The allowed addresses beside this machine.
    """
    for address in addresses:
        _GUARD.allowed.add(address)
    if not _INSTALLED:
        _INSTALLED.append(True)
        _GUARD.install()


def allow(address: Address | None) -> None:
    """Allow an address that this code is about to connect to; ``None``: none."""
    if address is not None:
        _GUARD.allowed.add(address)


def confinement() -> Confinement:
    """Return what holds this process back."""
    allowed = tuple(sorted(map(str, _GUARD.allowed.named)))
    return Confinement(bool(_INSTALLED), is_network_denied(), allowed, _GUARD.refused)


def _text(host: Any) -> str:
    """Return a host as text; what is no name becomes one that is not allowed."""
    if host is None:
        return ""
    if isinstance(host, bytes | bytearray):
        return host.decode("ascii", "replace")
    return str(host)


def _shown(host: str) -> str:
    """Return a host for a message: an IP address, or the domain alone.

    A longer name could have text of a notebook in it.
    """
    try:
        socket.inet_pton(socket.AF_INET6 if ":" in host else socket.AF_INET, host)
    except (OSError, ValueError):
        return ".".join(host.rstrip(".").split(".")[-2:])[-64:]
    return host


def _caller() -> str:
    """Return the name of the package whose code connects."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        name = str(frame.f_globals.get("__name__", "")).partition(".")[0]
        if name not in sys.stdlib_module_names and frame.f_globals is not globals():
            return name or "Python"
        frame = frame.f_back
    return "Python"
