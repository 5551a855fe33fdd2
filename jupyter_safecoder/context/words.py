"""Splits code into the words by which snippets are compared."""

from __future__ import annotations

import builtins
import keyword
import re
import sys
from collections.abc import Iterator

_IDENTIFIER = re.compile(r"[^\W\d]\w*")
#: The parts of an identifier: of ``readMeterCSV_v2`` they are read, Meter, CSV, v and 2.
_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
#: Words of the language: every snippet has them.
_STOP_WORDS = frozenset(
    word.lower() for word in (*keyword.kwlist, *dir(builtins), "self", "cls", "np", "pd", "plt")
)
_MIN_CHARACTERS = 2


def words_of(text: str) -> Iterator[str]:
    """Yield the identifiers of a text in lower case, each followed by its parts.

    Parameters
    ----------
    text
        Code or prose.
    """
    for match in _IDENTIFIER.finditer(text):
        identifier = match[0]
        whole = identifier.lower()
        if whole in _STOP_WORDS or len(whole) < _MIN_CHARACTERS:
            continue
        yield sys.intern(whole)
        found = _PART.findall(identifier) if identifier.isascii() else identifier.split("_")
        parts = [part.lower() for part in found]
        if len(parts) > 1:
            for part in parts:
                if len(part) >= _MIN_CHARACTERS and part not in _STOP_WORDS:
                    yield sys.intern(part)
