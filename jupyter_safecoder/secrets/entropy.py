"""Strings that are as random as a key: hexadecimal digits, and strings of a high entropy."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator

from .secret import Secret

_RANDOM = re.compile(
    r"(?<![A-Za-z0-9+/_=.-])(?P<value>[A-Za-z0-9+/_-]{20,}={0,2})(?![A-Za-z0-9+/_=-])"
)
_HEX = re.compile(
    r"(?<![A-Za-z0-9])(?P<value>[0-9a-fA-F]{32,}|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})"
    r"(?![A-Za-z0-9])"
)
#: The words before a checksum or a revision, which is no secret.
_CHECKSUM = re.compile(
    r"(?i)(?:commit|revision|\brev|sha-?\d*|md5|checksum|digest|hash|\.git@|github\.com/[\w./-]+@)"
    r"[\w()\[\]]{0,24}\W{0,8}$"
)
#: The text before an image or a sound that is embedded in a document.
_MEDIA = re.compile(r"data:(?:image|audio|video|font)/[\w.+-]+;base64,$")
#: Characters before a string that are searched for these.
_LOOKBEHIND = 48
#: Bits per character: words are below, keys above (measured on the standard library's names).
_MIN_ENTROPY = 3.6


def find_random(text: str) -> Iterator[Secret]:
    """Yield the random strings of a text, unless the text before one shows what it is."""
    for match in _HEX.finditer(text):
        if len(set(match["value"])) > 6 and not _CHECKSUM.search(_before(text, match)):
            yield Secret(match["value"], "high entropy")
    for match in _RANDOM.finditer(text):
        value, before = match["value"], _before(text, match)
        if _HEX.fullmatch(value) or _MEDIA.search(before) or _CHECKSUM.search(before):
            continue
        if _is_random(value, before):
            yield Secret(value, "high entropy")


def _is_random(value: str, before: str) -> bool:
    # Paths and long names have slashes and underscores between words.
    longest = max(re.split(r"[/_-]", value), key=len)
    is_path = value.startswith("/") or before.endswith(("/", "~", ":"))
    body = longest if is_path or len(longest) >= 16 else value
    if len(longest) < 10 or entropy(body) < _MIN_ENTROPY:
        return False
    numbers = len(re.findall(r"\d+", body))
    mixed_case = re.search(r"[a-z]", body) and re.search(r"[A-Z]", body)
    return numbers >= (3 if mixed_case else 5)


def _before(text: str, match: re.Match[str]) -> str:
    return text[max(0, match.start() - _LOOKBEHIND) : match.start()]


def entropy(text: str) -> float:
    """Return Shannon's entropy in bits per character."""
    counts = Counter(text).values()
    return -sum(count / len(text) * math.log2(count / len(text)) for count in counts)
