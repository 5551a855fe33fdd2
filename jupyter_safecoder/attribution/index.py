"""An index of code: what of a text is in it, and where that is from."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from jupyter_safecoder.errors import UnusableIndex

from .boilerplate import boilerplate
from .build import NAMES_PER_BLOCK
from .characters import characters_of, codes_of
from .common_run import common_run
from .fingerprints import text_of
from .index_file import IndexFile, open_index, verify
from .sequence import PAD_BYTES, Run
from .sequence import Sequence as IndexedSequence
from .shapes import MIN_CHARACTERS, MIN_LINES, SHAPES, Kind
from .sources import MAX_NOTEBOOK_BYTES, SourceFile
from .structure import LINE_BYTES, CodeLines, bytes_of, code_lines

#: What more files have is common: nobody can say where it is from.
_MAX_FILES = 10
#: Characters of a match that must be neither common nor boilerplate, and such lines.
_MIN_OWN_CHARACTERS, _MIN_OWN_LINES = 25, 6
#: Lines of a copy with other names that must differ, and characters that they must have.
_MIN_DISTINCT_LINES, _MIN_STRUCTURE_CHARACTERS = 5, 70
#: Characters that they must have if their file is not there any more.
_MIN_UNVERIFIED_STRUCTURE = 90
#: A match is left out if longer ones have this share of it.
_COVERED = 0.5
#: Copies with other names are not searched in a text of which verbatim copies have this share.
_MOSTLY = 0.8
_MAX_NAME_BLOCK_BYTES = 2**22
#: Characters from which on a match is none by chance, as measured by `benchmarks attribution`.
_NEVER_CHANCE = 100
#: Characters that the sketch has at once.
_PAIR = 2
Codes: TypeAlias = NDArray[np.uint8]
_Name: TypeAlias = tuple[str, str, str, int]


@dataclass(frozen=True)
class Match:
    """A part of a text that is in a file of the index.

    Parameters
    ----------
    source, path, license
        Where the file is from; the license as an identifier of SPDX, or ``NOASSERTION``.
    start, end
        The part, in characters of the text.
    kind
        ``verbatim``: the same but for white space; ``structure``: with other names and literals.
    characters
        The number of its characters without white space.
    """

    source: str
    path: str
    license: str
    start: int
    end: int
    kind: Kind
    characters: int


@dataclass(frozen=True)
class _Part:
    """A run of a query that is in one file."""

    file: int
    start: int
    end: int


class AttributionIndex:
    """An index that was opened; several threads may use it.

    Parameters
    ----------
    path
        Its file.
    check
        Whether its content is compared with its hash: about a second per GB.

    Raises
    ------
    UnusableIndex
        If it cannot be read, or is damaged.
    """

    def __init__(self, path: Path, *, check: bool = True) -> None:
        file = open_index(path)
        if check:
            verify(file)
        self.path = path
        #: Name, and what the index was made of.
        self.facts = file.facts
        try:
            self._sequences = {kind: _sequence(file, kind) for kind in SHAPES}
            self._ends = {kind: file.arrays[f"{kind} ends"].astype(np.int64) for kind in SHAPES}
            self._name_ends = file.arrays["name ends"].astype(np.int64)
            self._common = file.arrays["common"]
            self._names = file.arrays["names"]
            self._roots = [str(root) for root in file.facts["roots"]]
            self.name, files = str(file.facts["name"]), int(file.facts["files"])
        except (KeyError, TypeError, ValueError):
            raise _damaged(path) from None
        blocks = -(-files // NAMES_PER_BLOCK)
        if (
            not files
            or len(self._name_ends) != blocks
            or any(len(ends) != files or np.any(np.diff(ends) < 0) for ends in self._ends.values())
        ):
            raise _damaged(path)
        self._block = lru_cache(maxsize=64)(self._read_block)
        self._codes_of = lru_cache(maxsize=16)(self._read_codes)
        self._lines_of = lru_cache(maxsize=16)(self._read_lines)

    def find(self, text: str, language: str, min_unverified: int = MIN_CHARACTERS) -> list[Match]:
        """Return what of a text is in the index, the longest first; of several files one.

        A short verbatim match is compared with the file, if that is still there: the sketch alone
        takes what many files have in part for a copy of one of them.

        Parameters
        ----------
        text
            The text.
        language
            Its language.
        min_unverified
            Characters of a verbatim match whose file is not there.

        Raises
        ------
        UnusableIndex
            If the index is damaged.
        """
        verbatim = self._verbatim(text, min_unverified)
        covered = np.zeros(len(text), bool)
        for match in verbatim:
            covered[match.start : match.end] = True
        if covered.sum() > _MOSTLY * len(text):
            return verbatim
        structure = self._structure(text, language)
        return [*verbatim, *_best(structure, covered)]

    def has_run(self, text: str) -> bool:
        """Return whether a part of a text is in the index, boilerplate or not."""
        runs = self._sequences["verbatim"].find(characters_of(text).codes)
        return bool(self._parts("verbatim", runs))

    def _verbatim(self, text: str, min_unverified: int) -> list[Match]:
        characters = characters_of(text)
        parts = self._parts("verbatim", self._sequences["verbatim"].find(characters.codes))
        if not parts:
            return []
        offsets = characters.offsets
        spans = ((int(offsets[one.start]), int(offsets[one.end - 1]) + 1) for one in parts)
        is_boilerplate = boilerplate(text, self._common, spans)[offsets]
        own = ~is_boilerplate & ~_common_to(parts, len(characters.codes))
        total = np.concatenate([[0], np.cumsum(own)])
        covered = np.zeros(len(characters.codes), bool)
        matches = []
        for part in sorted(parts, key=lambda one: (one.start - one.end, one.start)):
            is_own = total[part.end] - total[part.start] >= _MIN_OWN_CHARACTERS
            if is_own and covered[part.start : part.end].mean() < _COVERED:
                verified = self._verified(part, characters.codes, min_unverified)
                if verified is not None:
                    covered[part.start : part.end] = True
                    matches.append(
                        self._match(
                            "verbatim",
                            part.file,
                            int(characters.offsets[verified.start]),
                            int(characters.offsets[verified.end - 1]) + 1,
                            verified.end - verified.start,
                        )
                    )
        return matches

    def _verified(self, part: _Part, codes: Codes, min_unverified: int) -> _Part | None:
        """Return what of a part is in its file; ``None`` if that is less than a copy."""
        size = part.end - part.start
        if size >= _NEVER_CHANCE:
            return part
        try:
            whole = self._codes_of(part.file)
        except OSError:
            return part if size >= min_unverified - _PAIR else None
        # A run may begin and end within a pair.
        first = max(0, part.start - _PAIR)
        found = common_run(codes[first : part.end + _PAIR].tobytes(), whole, MIN_CHARACTERS)
        return found and _Part(part.file, first + found[0], first + found[1])

    def _read_codes(self, number: int) -> bytes:
        """Return the characters of a file of the index; raises an OSError like the next one."""
        text, _ = self._read_text(number)
        return codes_of("".join(text.split())).tobytes()

    def _read_lines(self, number: int) -> bytes:
        """Return the hashes of the lines of code of a file of the index."""
        return bytes_of(code_lines(*self._read_text(number))).tobytes()

    def _read_text(self, number: int) -> tuple[str, str]:
        """Return the code of a file of the index, and its language.

        Raises
        ------
        OSError
            If it is not there any more, or was in an archive.
        """
        _, path, _, root = self._name(number)
        directory = self._roots[root] if 0 <= root < len(self._roots) else ""
        file = Path(directory) / path
        if not directory or not file.is_file() or file.stat().st_size > MAX_NOTEBOOK_BYTES:
            raise FileNotFoundError(path)
        return text_of(SourceFile(path, file.read_bytes()))

    def _structure(self, text: str, language: str) -> list[Match]:
        if text.count("\n") + 1 < MIN_LINES:
            return []
        lines = code_lines(text, language)
        found = self._parts("structure", self._sequences["structure"].find(bytes_of(lines)))
        parts = [
            _Part(one.file, -(-one.start // LINE_BYTES), one.end // LINE_BYTES) for one in found
        ]
        if not parts:
            return []
        texts = text.split("\n")
        starts = np.concatenate([[0], np.cumsum([len(line) + 1 for line in texts])])
        is_boilerplate = boilerplate(text, self._common, [(0, len(text))])[starts[lines.numbers]]
        own = ~is_boilerplate & ~_common_to(parts, len(lines.numbers))
        matches = []
        for part in parts:
            kept = slice(part.start, part.end)
            if (
                part.end - part.start >= MIN_LINES
                and own[kept].sum() >= _MIN_OWN_LINES
                and len(np.unique(lines.hashes[kept])) >= _MIN_DISTINCT_LINES
                and lines.sizes[kept].sum() >= _MIN_STRUCTURE_CHARACTERS
                and (verified := self._verified_lines(part, lines)) is not None
            ):
                numbers = lines.numbers[verified.start : verified.end]
                start = int(starts[numbers[0]])
                end = int(starts[numbers[-1]]) + len(texts[numbers[-1]])
                size = len("".join(text[start:end].split()))
                matches.append(self._match("structure", part.file, start, end, size))
        return matches

    def _verified_lines(self, part: _Part, lines: CodeLines) -> _Part | None:
        """Return which lines of a part are in its file; ``None`` if too few are."""
        try:
            whole = self._lines_of(part.file)
        except OSError:
            size = lines.sizes[part.start : part.end].sum()
            return part if size >= _MIN_UNVERIFIED_STRUCTURE else None
        own = bytes_of(lines)[part.start * LINE_BYTES : part.end * LINE_BYTES].tobytes()
        found = common_run(own, whole, MIN_LINES * LINE_BYTES, LINE_BYTES)
        if found is None:
            return None
        return _Part(
            part.file, part.start + found[0] // LINE_BYTES, part.start + found[1] // LINE_BYTES
        )

    def _parts(self, kind: Kind, runs: Iterable[Run]) -> list[_Part]:
        """Return the runs within one file each, joined where they overlap."""
        ends = self._ends[kind]
        found = []
        for run in runs:
            # The seed is in the middle of what agrees; at its sides, other files may follow.
            middle = run.place + (run.end - run.start) // 2
            file = min(int(np.searchsorted(ends, middle, side="right")), len(ends) - 1)
            first = int(ends[file - 1]) if file else 0
            start = max(run.start, run.start + first - run.place)
            end = min(run.end, run.start + int(ends[file]) - run.place)
            if start < end:
                found.append((file, run.place - run.start, start, end))
        return [
            part
            for (file, _), group in groupby(sorted(found), key=lambda one: one[:2])
            for part in _joined(file, group)
            if part.end - part.start >= 2 * SHAPES[kind].pairs
        ]

    def _match(self, kind: Kind, file: int, start: int, end: int, characters: int) -> Match:
        source, path, license, _ = self._name(file)
        return Match(source, path, license, start, end, kind, characters)

    def _name(self, file: int) -> _Name:
        return self._block(file // NAMES_PER_BLOCK)[file % NAMES_PER_BLOCK]

    def _read_block(self, number: int) -> list[_Name]:
        """Return source, path, license and number of the root of some files."""
        start = int(self._name_ends[number - 1]) if number else 0
        data = self._names[start : int(self._name_ends[number])].tobytes()
        try:
            unpacked = zlib.decompressobj().decompress(data, _MAX_NAME_BLOCK_BYTES)
            names = [(str(s), str(p), str(one), int(n)) for s, p, one, n in json.loads(unpacked)]
        except (zlib.error, ValueError, TypeError, RecursionError):
            raise _damaged(self.path) from None
        return names + [("", "", "", 0)] * (NAMES_PER_BLOCK - len(names))


def _sequence(file: IndexFile, kind: Kind) -> IndexedSequence:
    shape, prefix = SHAPES[kind], f"{kind} "
    arrays: dict[str, NDArray[Any]] = {
        name.removeprefix(prefix): array
        for name, array in file.arrays.items()
        if name.startswith(prefix)
    }
    seeds = (len(arrays["sketch"]) - 2 * PAD_BYTES) * 16 // shape.stride
    return IndexedSequence(shape, arrays, seeds)


def _joined(file: int, group: Iterable[tuple[int, int, int, int]]) -> Iterator[_Part]:
    """Yield the parts of one file and one distance, joined where they overlap."""
    start = end = -1
    for _, _, first, last in group:
        if first > end:
            if end > start:
                yield _Part(file, start, end)
            start, end = first, last
        end = max(end, last)
    yield _Part(file, start, end)


def _common_to(parts: Sequence[_Part], length: int) -> NDArray[np.bool_]:
    """Return of each place of a query whether too many files have it."""
    changes = np.zeros(length + 1, np.int64)
    for part in parts:
        changes[part.start] += 1
        changes[part.end] -= 1
    return np.cumsum(changes)[:length] > _MAX_FILES


def _best(matches: Sequence[Match], covered: NDArray[np.bool_]) -> list[Match]:
    """Return the longest matches, without those that others have for the most part."""
    kept = []
    for match in sorted(matches, key=lambda one: (-one.characters, one.start)):
        part = covered[match.start : match.end]
        if part.mean() < _COVERED:
            part[:] = True
            kept.append(match)
    return kept


def _damaged(path: Path) -> UnusableIndex:
    return UnusableIndex(
        f"{path} is damaged: its parts do not fit each other.",
        "Build it again: 'jupyter safecoder attribution build'.",
    )
