"""The opt-out list: files that are not to be learned from, nor copies of them.

Each entry is an index of its own, of a file or folder: fingerprints, no text. A file whose code is
in it for the most part is left out of the next training, whatever its path and white space.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jupyter_safecoder.errors import UnusableCorpus

from .build import build_index
from .characters import characters_of
from .index import AttributionIndex, Match
from .index_file import EXTENSION, open_index

#: A file with this share of its characters in the list is left out.
MIN_SHARE = 0.5


@dataclass(frozen=True)
class OptedOut:
    """An entry of the list: the path that was added, the file of its index, and its files."""

    path: str
    index: Path
    files: int


def optout_directory(cache: Path) -> Path:
    """Return the directory of the list."""
    return cache / "attribution" / "optout"


class OptOutList:
    """The opt-out list of a cache directory.

    Parameters
    ----------
    cache
        The cache directory.
    """

    def __init__(self, cache: Path) -> None:
        self._directory = optout_directory(cache)
        self._indexes: list[tuple[OptedOut, AttributionIndex]] | None = None

    def entries(self) -> list[OptedOut]:
        """Return the entries, sorted by path.

        Raises
        ------
        UnusableIndex
            If one cannot be read: without it, nothing is known to be allowed.
        """
        found = []
        for path in self._directory.glob(f"*{EXTENSION}"):
            facts = open_index(path).facts
            found.append(OptedOut(str(facts.get("name")), path, int(facts.get("files", 0))))
        return sorted(found, key=lambda one: one.path)

    def add(self, path: Path) -> OptedOut:
        """Add a file or folder; one that is in the list is read again.

        Raises
        ------
        UnusableCorpus
            If it has no file of code.
        UnusableIndex
            If the list cannot be written.
        """
        name = str(path.resolve())
        index = self._file_of(name)
        report = build_index([path], index, name)
        self._indexes = None
        return OptedOut(name, index, report.files)

    def remove(self, path: Path) -> OptedOut:
        """Remove an entry, whose file may not exist any more.

        Raises
        ------
        UnusableCorpus
            If it is not in the list.
        """
        name = str(path.resolve())
        for entry in self.entries():
            if entry.path == name:
                entry.index.unlink(missing_ok=True)
                self._indexes = None
                return entry
        raise UnusableCorpus(
            f"{path} is not in the opt-out list.",
            "'jupyter safecoder attribution optout list' shows what is.",
        )

    def covering(self, text: str, language: str) -> str:
        """Return the entry that has most of a text; empty: none has half of it.

        Parameters
        ----------
        text
            The code of a file.
        language
            Its language.
        """
        if self._indexes is None:
            self._indexes = [(one, AttributionIndex(one.index)) for one in self.entries()]
        shares = {
            entry.path: share_of(text, index.find(text, language)) for entry, index in self._indexes
        }
        best = max(shares, key=lambda path: shares[path], default="")
        return best if best and shares[best] >= MIN_SHARE else ""

    def _file_of(self, name: str) -> Path:
        digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()
        return self._directory / f"{digest[:32]}{EXTENSION}"


def share_of(text: str, matches: Sequence[Match]) -> float:
    """Return the share of a text's characters that matches have, 0 to 1."""
    offsets = characters_of(text).offsets
    matched = sum(
        int(((offsets >= match.start) & (offsets < match.end)).sum()) for match in matches
    )
    return min(1.0, matched / max(1, len(offsets)))
