"""Finds what was seen before, so that a copy takes no space in an index, and what is common.

Text is divided into chunks at lines whose hash says so, wherever they are. A chunk that follows and
precedes the same ones as before is left out. What remains has all runs of the shortest chunk's
length: of two chunks that follow each other for the first time, neither was left out.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

#: A chunk has at least so many bytes: more than the shortest run that is to be found.
_MIN_CHUNK_BYTES = 52
#: One line of so many ends a chunk.
_LINES_PER_CHUNK = 1
#: Slots of the table of chunks: 128 MB. A chunk that takes another's slot costs space only.
_SLOTS = 1 << 24
#: A line is common if so many files have it; shorter ones are not counted.
_COMMON_FILES, _MIN_COMMON_CHARACTERS = 20, 8
_COUNTERS = 1 << 24


@dataclass(frozen=True)
class Chunked:
    """A text as chunks.

    Parameters
    ----------
    data
        The whole text.
    ends
        The end of each chunk.
    triples
        A hash of each chunk with those before and after.
    """

    data: bytes
    ends: NDArray[np.uint32]
    triples: NDArray[np.uint64]


def chunked(lines: Sequence[bytes]) -> Chunked:
    """Return the chunks of a text.

    Parameters
    ----------
    lines
        Its lines.
    """
    ends: list[int] = []
    hashes: list[int] = []
    end = start = value = 0
    for line in lines:
        end += len(line)
        value = zlib.crc32(line, value)
        if end - start >= _MIN_CHUNK_BYTES and zlib.crc32(line) % _LINES_PER_CHUNK == 0:
            ends.append(end)
            hashes.append(value)
            start, value = end, 0
    if end > start:
        ends.append(end)
        hashes.append(value)
    return Chunked(b"".join(lines), np.array(ends, np.uint32), _triples(hashes))


def _triples(hashes: Sequence[int]) -> NDArray[np.uint64]:
    around = np.array([0, *hashes, 0], np.uint64)
    mixed = around[1:-1] * np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(31)) ^ around[:-2]) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(29)) ^ around[2:]) * np.uint64(0x94D049BB133111EB)
    hashes_of_three: NDArray[np.uint64] = mixed ^ (mixed >> np.uint64(32))
    return hashes_of_three


class SeenChunks:
    """The chunks of all texts so far."""

    def __init__(self) -> None:
        self._tags = np.zeros(_SLOTS, np.uint64)

    def new_parts(self, text: Chunked) -> NDArray[np.uint8]:
        """Return the text without chunks that were seen before; remember the others."""
        slots = text.triples % np.uint64(_SLOTS)
        is_new = self._tags[slots] != text.triples
        self._tags[slots] = text.triples
        data = np.frombuffer(text.data, np.uint8)
        if is_new.all():
            return data
        ends = np.concatenate([[0], text.ends.astype(np.int64)])
        part: NDArray[np.uint8] = data[np.repeat(is_new, ends[1:] - ends[:-1])]
        return part


def line_hashes(lines: Sequence[str]) -> NDArray[np.uint32]:
    """Return the hashes of the lines of a file that may be common, each once."""
    return np.unique(np.array([hash_line(x) for x in set(lines) if is_counted(x)], np.uint32))


def hash_line(line: str) -> int:
    """Return the hash of a line without white space."""
    return zlib.crc32(line.encode("utf-8", "surrogatepass"))


def is_counted(line: str) -> bool:
    """Return whether a line is long enough to be common."""
    return len(line) >= _MIN_COMMON_CHARACTERS


class CommonLines:
    """Counts in how many files a line is."""

    def __init__(self) -> None:
        self._counts = np.zeros(_COUNTERS, np.uint8)
        self._common: list[NDArray[np.uint32]] = []

    def add(self, hashes: NDArray[np.uint32]) -> None:
        """Count the lines of a file, each once."""
        places = hashes % np.uint32(_COUNTERS)
        counts = self._counts[places]
        self._counts[places] = np.minimum(counts, 254) + 1
        self._common.append(hashes[counts == _COMMON_FILES - 1])

    def hashes(self) -> NDArray[np.uint32]:
        """Return the hashes of the common lines, sorted."""
        return np.unique(np.concatenate([np.empty(0, np.uint32), *self._common]))
