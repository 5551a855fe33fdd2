"""Keeps what was made of files until they change, within a number of characters."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

#: Modification time in nanoseconds, size and inode: what changes when a file is written.
Signature = tuple[int, int, int]


class Sized(Protocol):
    """What can be kept."""

    def size(self) -> int:
        """Return the number of characters that are kept."""


T = TypeVar("T", bound=Sized)
#: What an entry takes beside its characters, in characters.
_ENTRY_CHARACTERS = 200


class FileCache(Generic[T]):
    """What was made of the files that were used last.

    Parameters
    ----------
    max_characters
        Maximum number of characters of all entries.
    """

    def __init__(self, max_characters: int) -> None:
        self._max_characters = max_characters
        self._characters = 0
        self._entries: OrderedDict[str, tuple[Signature, T | None]] = OrderedDict()

    def get(self, path: str, signature: Signature, make: Callable[[], T | None]) -> T | None:
        """Return what was made of a file, made again if it has changed.

        Parameters
        ----------
        path
            Identifies the file.
        signature
            Of the file now.
        make
            Makes it; ``None`` is kept, too.
        """
        kept = self._entries.pop(path, None)
        if kept is not None:
            self._characters -= _size(kept[1])
        if kept is None or kept[0] != signature:
            kept = (signature, make())
        self._entries[path] = kept
        self._characters += _size(kept[1])
        while self._characters > self._max_characters:
            _, (_, oldest) = self._entries.popitem(last=False)
            self._characters -= _size(oldest)
        return kept[1]


def _size(value: Sized | None) -> int:
    return _ENTRY_CHARACTERS + (value.size() if value is not None else 0)
