"""Finds e-mail and IP addresses."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator

from .secret import EMAIL, IP_ADDRESS, Secret

_EMAIL = re.compile(
    r"(?<![\w.+-])(?P<value>[A-Za-z0-9][\w.+%-]*@(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)+"
    r"(?P<top>[A-Za-z]{2,24}))(?![\w(\[])"
)
#: ``a@b.shape`` multiplies matrices.
_ATTRIBUTES = frozenset(
    {
        *("shape", "mean", "sum", "dot", "conj", "transpose", "values"),
        *("real", "imag", "inverse", "size", "flat", "copy"),
    }
)
_IPV4 = re.compile(r"(?<![\w.])(?P<value>(?:\d{1,3}\.){3}\d{1,3})(?![\w.]*\w)")
_IPV6 = re.compile(r"(?<![\w:.])(?P<value>(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{0,4})(?![\w:.])")
#: The text before four numbers with dots that are a version.
_VERSION = re.compile(r"(?:[=<>~!]=|\bv|version\W{0,8}|release\W{0,8})$", re.IGNORECASE)
#: ``[1000::2000]`` is a slice.
_SLICE = re.compile(r"\d*::\d*")
#: Addresses that identify no machine.
_PUBLIC = frozenset({"127.0.0.1", "0.0.0.0", "255.255.255.255", "255.255.255.0", "::1", "::"})  # noqa: S104
#: Characters before an address that are searched for a version.
_LOOKBEHIND = 24


def find_email_addresses(text: str) -> Iterator[Secret]:
    """Yield the e-mail addresses of a text; of Python code, pass its strings and comments alone."""
    for match in _EMAIL.finditer(text):
        # "git" is the user of every Git server.
        if match["top"].casefold() not in _ATTRIBUTES and not match["value"].startswith("git@"):
            yield Secret(match["value"], "e-mail", EMAIL)


def find_ip_addresses(text: str) -> Iterator[Secret]:
    """Yield the IP addresses of a text, of versions 4 and 6."""
    for pattern in (_IPV4, _IPV6):
        for match in pattern.finditer(text):
            value = match["value"]
            try:
                ipaddress.ip_address(value)
            except ValueError:
                continue
            before = text[max(0, match.start() - _LOOKBEHIND) : match.start()]
            if pattern is _IPV4:
                is_address = not _VERSION.search(before)
            else:
                is_address = len(value) > 6 and not _SLICE.fullmatch(value)
            if is_address and value not in _PUBLIC:
                yield Secret(value, "ip address", IP_ADDRESS)
