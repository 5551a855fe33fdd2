"""Reads the audit log, whose lines each have the hash of the one before.

``audit_verification.py`` verifies it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from .record import parse_object

#: The hash before the first line.
GENESIS_HASH = "0" * 64
#: Bytes at the end of a file that are read; a line is a hundred times shorter.
_TAIL_BYTES = 2**17
_NAME = "audit-{:06d}.jsonl"


@dataclass(frozen=True, order=True)
class LogPosition:
    """The end of a line: the number of its file, and its offset in bytes."""

    file: int = 0
    offset: int = 0


def entries_after(
    directory: Path, position: LogPosition, limit: int
) -> list[tuple[dict[str, Any], LogPosition]]:
    """Return entries after a position, each with its own position.

    A line that is not an entry is left out: :func:`~.audit_verification.verify` reports it.

    Parameters
    ----------
    directory
        Directory of the log.
    position
        The end of the line after which to start.
    limit
        Maximum number of entries.

    Raises
    ------
    OSError
        If the files cannot be read.
    """
    return list(islice(_entries_after(directory, position), limit))


def _entries_after(
    directory: Path, position: LogPosition
) -> Iterator[tuple[dict[str, Any], LogPosition]]:
    for path in log_files(directory):
        if (number := file_number(path)) < position.file:
            continue
        offset = position.offset if number == position.file else 0
        with path.open("rb") as stream:
            stream.seek(offset)
            for line in stream:
                if not line.endswith(b"\n"):
                    break
                offset += len(line)
                if entry := parse_object(line):
                    yield entry, LogPosition(number, offset)


def entries_since(directory: Path, time: str) -> Iterator[dict[str, Any]]:
    """Yield the entries from a time on; lines that are not entries are left out.

    Only the last files are read, as far back as the time requires.

    Parameters
    ----------
    directory
        Directory of the log.
    time
        In the form that entries have.

    Raises
    ------
    OSError
        If the files cannot be read.
    """
    recent: list[Path] = []
    for path in reversed(log_files(directory)):
        recent.append(path)
        with path.open("rb") as stream:
            first = _timed_entry(stream.readline())
        if first and first["time"] < time:
            break
    for path in reversed(recent):
        with path.open("rb") as stream:
            for line in stream:
                entry = _timed_entry(line)
                if entry and entry["time"] >= time:
                    yield entry


def _timed_entry(line: bytes) -> dict[str, Any] | None:
    entry = parse_object(line)
    return entry if isinstance(entry.get("time"), str) else None


def log_files(directory: Path) -> list[Path]:
    """Return the files of a log, the oldest first."""
    return sorted(directory.glob("audit-*.jsonl"))


def file_number(path: Path) -> int:
    """Return the number of a file of the log."""
    return int(path.stem.rpartition("-")[2])


def numbered_file(directory: Path, number: int) -> Path:
    """Return the path of the file with a number."""
    return directory / _NAME.format(number)


def entry_hash(body: dict[str, Any]) -> str:
    """Return the SHA-256 of an entry without its hash, in hexadecimal."""
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()


def last_hash(files: list[Path]) -> str:
    """Return the hash of the last line of a log, which the next line must name."""
    for path in reversed(files):
        lines = read_tail(path).splitlines()
        if lines:
            return _field(lines[-1], "hash")
    return GENESIS_HASH


def read_tail(path: Path) -> bytes:
    """Return the end of a file, enough to hold its last line."""
    with path.open("rb") as stream:
        stream.seek(max(0, path.stat().st_size - _TAIL_BYTES))
        return stream.read()


def first_previous_hash(path: Path) -> str:
    """Return the hash of the line before a file's first line."""
    with path.open("rb") as stream:
        return _field(stream.readline(), "previous")


def _field(line: bytes, name: str) -> str:
    try:
        return str(json.loads(line)[name])
    except (ValueError, KeyError, TypeError):
        # The next line then names this, and the chain stays broken: 'audit verify' reports where.
        return "broken"


def numbered_lines(files: list[Path]) -> Iterator[tuple[Path, int, bytes]]:
    """Yield the lines of files, each with its file and its number there, from 1."""
    for path in files:
        with path.open("rb") as stream:
            for number, line in enumerate(stream, 1):
                yield path, number, line
