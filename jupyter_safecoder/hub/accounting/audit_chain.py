"""Reads the audit log: whether its chain is whole, and what follows a place in it.

Whoever alters, removes or reorders a line breaks the chain; who can write the files can still cut
the end off, so keep the last hash elsewhere if that matters.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from .record import object_of

#: The hash before the first line.
BEGIN = "0" * 64
#: Bytes of the end of a file that are read; a line is a hundred times shorter.
_TAIL = 2**17
_NAME = "audit-{:06d}.jsonl"


@dataclass(frozen=True)
class ChainVerification:
    """What a look at the chain found: how many lines hold, and the first that does not."""

    lines: int
    last: str
    problem: str = ""


@dataclass(frozen=True, order=True)
class LogPosition:
    """Where a line ends: the number of its file, and the bytes up to there."""

    file: int = 0
    offset: int = 0


def verify(directory: Path) -> ChainVerification:
    """Follow the chain through all files of a directory.

    Raises
    ------
    OSError
        If they cannot be read.
    """
    there = files(directory)
    last, lines = BEGIN, 0
    begins: str | None = None
    if there and number_of(there[0]) > 1:
        # What came before was pruned: a later line says so itself, or somebody else removed it.
        last = begins = previous_of(there[0])
    for path, number, line in _lines(there):
        try:
            entry = json.loads(line)
            told = entry.pop("hash")
            whole = entry["previous"] == last and digest(entry) == told
        except (ValueError, KeyError, TypeError, AttributeError):
            whole = False
        if not whole:
            return ChainVerification(
                lines, last, f"{path.name}, line {number}: the chain breaks here."
            )
        if entry.get("action") == "pruned" and entry.get("begins") == begins:
            begins = None
        last, lines = told, lines + 1
    if begins is not None:
        return ChainVerification(0, last, f"{there[0].name}, line 1: what came before was removed.")
    return ChainVerification(lines, last)


def entries_after(
    directory: Path, place: LogPosition, most: int
) -> list[tuple[dict[str, Any], LogPosition]]:
    """Return at most so many entries behind a place, each with its own.

    A line that is no entry is left out: ``verify`` is who complains.

    Raises
    ------
    OSError
        If they cannot be read.
    """
    return list(islice(_entries_after(directory, place), most))


def _entries_after(
    directory: Path, place: LogPosition
) -> Iterator[tuple[dict[str, Any], LogPosition]]:
    for path in files(directory):
        if (number := number_of(path)) < place.file:
            continue
        offset = place.offset if number == place.file else 0
        with path.open("rb") as stream:
            stream.seek(offset)
            for line in stream:
                if not line.endswith(b"\n"):
                    break
                offset += len(line)
                if entry := object_of(line):
                    yield entry, LogPosition(number, offset)


def entries_since(directory: Path, time: str) -> Iterator[dict[str, Any]]:
    """Yield the entries from a time on, one after the other; lines that are none are left out.

    Only the files at the end are read that can have some.

    Parameters
    ----------
    directory
        Of the log.
    time
        As the entries have it.

    Raises
    ------
    OSError
        If they cannot be read.
    """
    wanted: list[Path] = []
    for path in reversed(files(directory)):
        wanted.append(path)
        with path.open("rb") as stream:
            first = _timed(stream.readline())
        if first and first["time"] < time:
            break
    for path in reversed(wanted):
        with path.open("rb") as stream:
            for line in stream:
                entry = _timed(line)
                if entry and entry["time"] >= time:
                    yield entry


def _timed(line: bytes) -> dict[str, Any] | None:
    entry = object_of(line)
    return entry if isinstance(entry.get("time"), str) else None


def files(directory: Path) -> list[Path]:
    """Return the files of a log, the oldest first."""
    return sorted(directory.glob("audit-*.jsonl"))


def number_of(path: Path) -> int:
    """Return the number of a file."""
    return int(path.stem.rpartition("-")[2])


def path_of(directory: Path, number: int) -> Path:
    """Return the file of a number."""
    return directory / _NAME.format(number)


def digest(body: dict[str, Any]) -> str:
    """Return the hash of an entry."""
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()


def last_hash(there: list[Path]) -> str:
    """Return the hash that the next line must name."""
    for path in reversed(there):
        lines = tail(path).splitlines()
        if lines:
            return _field(lines[-1], "hash")
    return BEGIN


def tail(path: Path) -> bytes:
    """Return the end of a file, in which its last line is whole."""
    with path.open("rb") as stream:
        stream.seek(max(0, path.stat().st_size - _TAIL))
        return stream.read()


def previous_of(path: Path) -> str:
    """Return the hash that a file's first line names."""
    with path.open("rb") as stream:
        return _field(stream.readline(), "previous")


def _field(line: bytes, name: str) -> str:
    try:
        return str(json.loads(line)[name])
    except (ValueError, KeyError, TypeError):
        return "broken"  # the chain stays broken there: 'audit verify' says where


def _lines(there: list[Path]) -> Iterator[tuple[Path, int, bytes]]:
    for path in there:
        with path.open("rb") as stream:
            for number, line in enumerate(stream, 1):
                yield path, number, line
