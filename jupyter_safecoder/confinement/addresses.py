"""Addresses that a process may connect to, and the test whether one is among them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import urlsplit
from urllib.request import getproxies_environment

_PORTS = {"http": 80, "https": 443}
#: Connecting to an unspecified address reaches this machine.
_THIS_MACHINE = ("", "localhost", "0.0.0.0", "::")  # noqa: S104 - compared with, not bound


@dataclass(frozen=True)
class Address:
    """A host that a process may connect to.

    Parameters
    ----------
    host
        Its name or IP address; with a dot before, all hosts of a domain.
    port
        The only port that is allowed; ``None``: all.
    """

    host: str
    port: int | None = None

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port is None else f"{host}:{self.port}"


def split_address(url: str) -> Address | None:
    """Return the address of a URL or of ``host:port``; ``None`` if there is none in it."""
    try:
        parts = urlsplit(url if "://" in url else f"//{url}")
        port = parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        return None
    return Address(parts.hostname, port) if parts.hostname else None


def proxies_of(environment: Mapping[str, str] | None = None) -> list[Address]:
    """Return the addresses of the proxies that an environment names.

    Parameters
    ----------
    environment
        Variables by lower-case name without ``_proxy``; ``None``: those of this process.
    """
    found = getproxies_environment() if environment is None else environment
    addresses = (split_address(url) for name, url in found.items() if name != "no" and url)
    return [address for address in addresses if address is not None]


class AllowedAddresses:
    """Addresses beside this machine: those that are named, and what names resolve to.

    Parameters
    ----------
    addresses
        The addresses that are named.
    """

    def __init__(self, addresses: Iterable[Address] = ()) -> None:
        #: The addresses that are named.
        self.named: set[Address] = set()
        self._ports: defaultdict[str, set[int | None]] = defaultdict(set)
        for address in addresses:
            self.add(address)

    def add(self, address: Address) -> None:
        """Allow an address too."""
        self.named.add(address)
        self._ports[address.host.lower()].add(address.port)

    def has_name(self, host: str) -> bool:
        """Return whether a name may be looked up; an IP address needs no look-up."""
        return host in _THIS_MACHINE or _parse(host) is not None or bool(self._ports_of(host))

    def has_host(self, host: str) -> bool:
        """Return whether a process may connect to some port of a host."""
        return _is_this_machine(host) or bool(self._ports_of(host))

    def has(self, host: str, port: int) -> bool:
        """Return whether a process may connect to a host, by its name or its IP address."""
        ports = self._ports_of(host)
        return None in ports or port in ports or _is_this_machine(host)

    def learn(self, name: str, addresses: Iterable[str]) -> None:
        """Allow the IP addresses of a name, at the ports of the name."""
        ports = self._ports_of(name)
        for address in addresses:
            if ports and (parsed := _parse(address)) is not None:
                self._ports[str(parsed)] |= ports

    def _ports_of(self, host: str) -> set[int | None]:
        address = _parse(host)
        if address is not None:
            return self._ports.get(str(address), set())
        name = host.lower().rstrip(".")
        ports = set(self._ports.get(name, ()))
        while "." in name:
            name = name.partition(".")[2]
            ports |= self._ports.get(f".{name}", set())
        return ports


def _is_this_machine(host: str) -> bool:
    address = _parse(host)
    return host in _THIS_MACHINE or (address is not None and address.is_loopback)


def _parse(host: str) -> IPv4Address | IPv6Address | None:
    """Return an IP address, an IPv4 one where IPv6 wraps it; ``None`` for a name."""
    try:
        address = ip_address(host)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
