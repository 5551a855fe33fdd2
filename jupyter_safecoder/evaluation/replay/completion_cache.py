"""The completion cache of the lab extension: ``labextension/src/completion/requests/cache.ts``.

``tests/unit/evaluation/replay/cases/completion_cache.json`` has cases that both must pass.
"""

from __future__ import annotations

from collections import OrderedDict

_MAX_ENTRIES = 200
_MAX_CHARACTERS = 2_000_000


class CompletionCache:
    """Completions that are used again while the user types their text.

    A completion of a prefix also completes the prefix and the start of its own text. Everything
    else that it depends on is in the key, and must be equal.

    Parameters
    ----------
    max_entries, max_characters
        Limits; the entry used least recently is evicted first. Characters include keys.
    """

    def __init__(
        self, max_entries: int = _MAX_ENTRIES, max_characters: int = _MAX_CHARACTERS
    ) -> None:
        self._max_entries = max_entries
        self._max_characters = max_characters
        #: By key and prefix, the entry used last at the end.
        self._entries: OrderedDict[tuple[str, str], str] = OrderedDict()
        self.characters = 0

    def __len__(self) -> int:
        return len(self._entries)

    def find(self, key: str, prefix: str) -> str | None:
        """Return what remains to be inserted after a prefix, from its longest known start.

        Parameters
        ----------
        key
            What else the completion depends on.
        prefix
            Text before the cursor.

        Returns
        -------
        str or None
            Empty if the completion of exactly this prefix is known to be empty; ``None`` if none
            is known.
        """
        known = [
            start
            for (entry_key, start), text in self._entries.items()
            if entry_key == key and _completes(start, text, prefix)
        ]
        if not known:
            return None
        start = max(known, key=len)
        self._entries.move_to_end((key, start))
        return self._entries[key, start][len(prefix) - len(start) :]

    def store(self, key: str, prefix: str, text: str) -> None:
        """Store the whole completion of a prefix, possibly an empty one."""
        if (key, prefix) in self._entries:
            self._evict((key, prefix))
        self._entries[key, prefix] = text
        self.characters += len(key) + len(prefix) + len(text)
        while len(self._entries) > self._max_entries or self.characters > self._max_characters:
            self._evict(next(iter(self._entries)))

    def _evict(self, entry: tuple[str, str]) -> None:
        self.characters -= sum(map(len, entry)) + len(self._entries.pop(entry))


def _completes(start: str, text: str, prefix: str) -> bool:
    if prefix == start:
        return True
    typed = prefix.removeprefix(start)
    return prefix.startswith(start) and len(typed) < len(text) and text.startswith(typed)
