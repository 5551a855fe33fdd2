"""A cache of encoded texts, bounded by its size in memory."""

from __future__ import annotations

from array import array
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock

from jupyter_safecoder.kept_texts import register_text_cache


class EncodingCache:
    """Keeps the ids of the texts that were used last.

    Parameters
    ----------
    encode
        Returns the ids of a text.
    max_bytes
        Maximum size of the texts and ids that are kept, as far as they count: four bytes for each
        character and each id.
    """

    def __init__(self, encode: Callable[[str], list[int]], max_bytes: int) -> None:
        self._encode = encode
        self._max_bytes = max_bytes
        self._ids: OrderedDict[str, array[int]] = OrderedDict()
        self._lock = Lock()
        #: Size of what is kept, in bytes.
        self.bytes = 0
        register_text_cache(self)

    def clear(self) -> None:
        """Forget all texts and ids."""
        with self._lock:
            self._ids.clear()
            self.bytes = 0

    def __call__(self, text: str) -> list[int]:
        """Return the ids of a text."""
        with self._lock:
            kept = self._ids.get(text)
            if kept is not None:
                self._ids.move_to_end(text)
                return kept.tolist()
        ids = self._encode(text)
        with self._lock:
            if text not in self._ids and _size(text, ids) <= self._max_bytes:
                self._ids[text] = array("i", ids)
                self.bytes += _size(text, ids)
            while self.bytes > self._max_bytes:
                self.bytes -= _size(*self._ids.popitem(last=False))
        return ids


def _size(text: str, ids: list[int] | array[int]) -> int:
    return 4 * (len(text) + len(ids))
