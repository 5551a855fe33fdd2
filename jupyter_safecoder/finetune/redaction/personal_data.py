"""E-mail and IP addresses."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator

from .patterns import EMAIL, IP, Found

_EMAIL = re.compile(
    r"(?<![\w.+-])(?P<value>[A-Za-z0-9][\w.+%-]*@(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)+"
    r"(?P<top>[A-Za-z]{2,24}))(?![\w(\[])"
)
#: ``a@b.shape`` is a product of matrices.
_ATTRIBUTES = frozenset(
    {
        *("shape", "mean", "sum", "dot", "conj", "transpose", "values"),
        *("real", "imag", "inverse", "size", "flat", "copy"),
    }
)
_IPV4 = re.compile(r"(?<![\w.])(?P<value>(?:\d{1,3}\.){3}\d{1,3})(?![\w.]*\w)")
_IPV6 = re.compile(r"(?<![\w:.])(?P<value>(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{0,4})(?![\w:.])")
#: Four numbers with dots that are a version, by what stands before them.
_VERSION = re.compile(r"(?:[=<>~!]=|\bv|version\W{0,8}|release\W{0,8})$", re.IGNORECASE)
#: ``[1000::2000]`` is a slice.
_SLICE = re.compile(r"\d*::\d*")
#: Addresses that everybody has.
_NOBODY = frozenset({"127.0.0.1", "0.0.0.0", "255.255.255.255", "255.255.255.0", "::1", "::"})  # noqa: S104
#: How far to look back.
_BEFORE = 24


def email_addresses(text: str) -> Iterator[Found]:
    """Yield e-mail addresses; in Python they stand in strings and comments alone."""
    for match in _EMAIL.finditer(text):
        # The user of a server of repositories is nobody.
        if match["top"].casefold() not in _ATTRIBUTES and not match["value"].startswith("git@"):
            yield match["value"], "e-mail", EMAIL


def ip_addresses(text: str) -> Iterator[Found]:
    """Yield IP addresses of both kinds."""
    for pattern in (_IPV4, _IPV6):
        for match in pattern.finditer(text):
            value = match["value"]
            try:
                ipaddress.ip_address(value)
            except ValueError:
                continue
            before = text[max(0, match.start() - _BEFORE) : match.start()]
            if pattern is _IPV4:
                own = not _VERSION.search(before)
            else:
                own = len(value) > 6 and not _SLICE.fullmatch(value)
            if own and value not in _NOBODY:
                yield value, "ip address", IP
