"""Who asked, when, and what came of it: JSON lines, each with the hash of the one before.

No text of anybody is in it. Whoever alters, removes or reorders a line breaks the chain; who can
write the file can still cut its end off, so keep the last hash elsewhere if that matters.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

#: The hash before the first line.
BEGIN = "0" * 64
_NAME = "audit-{:06d}.jsonl"
_PATTERN = "audit-*.jsonl"


@dataclass(frozen=True)
class Verdict:
    """What a look at the chain found: how many lines hold, and the first that does not."""

    lines: int
    last: str
    problem: str = ""


class AuditLog:
    """Appends to the newest file of a directory.

    Parameters
    ----------
    directory
        Made if it is not there.
    rotate_bytes
        A file of this size is followed by another; the chain goes on.

    Raises
    ------
    OSError
        If it cannot be read or written.
    """

    def __init__(self, directory: Path, rotate_bytes: int = 64 * 2**20) -> None:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._directory = directory
        self._rotate_bytes = rotate_bytes
        files = sorted(directory.glob(_PATTERN))
        self._number = int(files[-1].stem.rpartition("-")[2]) if files else 1
        cut = _cut_torn_line(files[-1]) if files else 0
        #: The hash of the last line.
        self.last = _last_hash(files)
        #: Why the last line could not be written; empty where it was.
        self.problem = ""
        if cut:
            self.write(action="recovered", bytes=cut)

    def write(self, **entry: Any) -> None:
        """Append an entry; the system has it when this returns, so a killed process loses none.

        Raises
        ------
        OSError
            If it cannot be written whole; then it is not there at all.
        """
        body = {
            "time": datetime.now(timezone.utc).isoformat(timespec="milliseconds"),
            **entry,
            "previous": self.last,
        }
        digest = _digest(body)
        line = (json.dumps({**body, "hash": digest}) + "\n").encode()
        try:
            self._append(line)
        except OSError as error:
            self.problem = error.strerror or str(error)
            raise
        self.last, self.problem = digest, ""

    def _append(self, line: bytes) -> None:
        path = self._path()
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            size = os.fstat(handle).st_size
            try:
                if os.write(handle, line) != len(line):
                    raise OSError(28, "the disk is full", str(path))
            except OSError:
                os.ftruncate(handle, size)
                raise
        finally:
            os.close(handle)

    def _path(self) -> Path:
        path = self._directory / _NAME.format(self._number)
        if path.exists() and path.stat().st_size >= self._rotate_bytes:
            self._number += 1
            path = self._directory / _NAME.format(self._number)
        return path


def verify(directory: Path) -> Verdict:
    """Follow the chain through all files of a directory.

    Raises
    ------
    OSError
        If they cannot be read.
    """
    last, lines = BEGIN, 0
    for path, number, line in _lines(directory):
        try:
            entry = json.loads(line)
            told = entry.pop("hash")
            whole = entry["previous"] == last and _digest(entry) == told
        except (ValueError, KeyError, TypeError, AttributeError):
            whole = False
        if not whole:
            return Verdict(lines, last, f"{path.name}, line {number}: the chain breaks here.")
        last, lines = told, lines + 1
    return Verdict(lines, last)


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
    for path in sorted(directory.glob(_PATTERN), reverse=True):
        wanted.append(path)
        with path.open("rb") as stream:
            first = _entry(stream.readline())
        if first and first["time"] < time:
            break
    for path in reversed(wanted):
        with path.open("rb") as stream:
            for line in stream:
                entry = _entry(line)
                if entry and entry["time"] >= time:
                    yield entry


def _entry(line: bytes) -> dict[str, Any] | None:
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    is_one = isinstance(entry, dict) and isinstance(entry.get("time"), str)
    return entry if is_one else None


def _lines(directory: Path) -> Iterator[tuple[Path, int, bytes]]:
    for path in sorted(directory.glob(_PATTERN)):
        with path.open("rb") as stream:
            for number, line in enumerate(stream, 1):
                yield path, number, line


def _digest(body: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()


def _cut_torn_line(path: Path) -> int:
    """Cut off what a killed process wrote of its last line; return its bytes."""
    content = path.read_bytes()
    whole = content.rfind(b"\n") + 1
    if whole < len(content):
        os.truncate(path, whole)
    return len(content) - whole


def _last_hash(files: list[Path]) -> str:
    for path in reversed(files):
        lines = path.read_bytes().splitlines()
        if lines:
            try:
                return str(json.loads(lines[-1])["hash"])
            except (ValueError, KeyError, TypeError):
                return "broken"  # the chain stays broken there: 'audit verify' says where
    return BEGIN
