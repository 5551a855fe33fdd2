"""Writes who asked, when, and what came of it: JSON lines, each with the hash of the one before.

No text of anybody is in it. It is also what counts are made from: a line that is written is never
forgotten, whatever happens to the service or to its database. ``audit_chain.py`` reads it.
"""

from __future__ import annotations

import json
import os
import secrets
import time
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from .audit_chain import digest, files, last_hash, number_of, path_of, previous_of, tail

_DAY_S = 86_400.0
#: Seconds that another process has to leave the log.
_PATIENCE_S = 10.0


class AuditLog:
    """Appends to the newest file of a directory.

    Parameters
    ----------
    directory
        Made if it is not there.
    rotate_bytes
        A file of this size is followed by another, as each day's is; the chain goes on.

    Raises
    ------
    OSError
        If it cannot be read or written, or another process writes it.
    """

    def __init__(self, directory: Path, rotate_bytes: int = 64 * 2**20) -> None:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.directory = directory
        self._rotate_bytes = rotate_bytes
        self._lock = _lock(directory / "lock")
        #: What its counts are known by in a database that several services share.
        self.name = _name(directory / "name")
        there = files(directory)
        self._number = number_of(there[-1]) if there else 1
        cut = _cut_torn_line(there[-1]) if there else 0
        self.last = last_hash(there)
        if cut:
            self.write({"action": "recovered", "bytes": cut})

    def write(self, *entries: Mapping[str, Any]) -> None:
        """Append entries; the system has them when this returns, so a killed process loses none.

        Raises
        ------
        OSError
            If they cannot be written whole; then none of them is there at all.
        """
        now = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
        last, lines = self.last, []
        for entry in entries:
            body = {"time": now, **entry, "previous": last}
            last = digest(body)
            lines.append(json.dumps({**body, "hash": last}) + "\n")
        _append(self._path(), "".join(lines).encode())
        self.last = last

    def prune(self, keep_days: int) -> int:
        """Remove files whose last line is older than so many days; returns how many.

        What is left says itself that they were removed, so that nobody else can.

        Raises
        ------
        OSError
            If they cannot be removed.
        """
        there = files(self.directory)
        oldest = time.time() - keep_days * _DAY_S
        old: Sequence[Path] = [path for path in there[:-1] if path.stat().st_mtime < oldest]
        if old:
            first = there[len(old)]
            self.write({"action": "pruned", "first": first.name, "begins": previous_of(first)})
            for path in old:
                path.unlink()
        return len(old)

    def close(self) -> None:
        """Let another process write."""
        os.close(self._lock)

    def _path(self) -> Path:
        path = path_of(self.directory, self._number)
        try:
            info = path.stat()
        except FileNotFoundError:
            return path
        is_of_today = int(info.st_mtime // _DAY_S) == int(time.time() // _DAY_S)
        if info.st_size and not (is_of_today and info.st_size < self._rotate_bytes):
            self._number += 1
            path = path_of(self.directory, self._number)
        return path


def _append(path: Path, content: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        size = os.fstat(handle).st_size
        try:
            if os.write(handle, content) != len(content):
                raise OSError(28, "the disk is full", str(path))
        except OSError:
            os.ftruncate(handle, size)
            raise
    finally:
        os.close(handle)


def _lock(path: Path) -> int:
    import fcntl  # late: 'audit verify' runs where there is no such thing

    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    until = time.monotonic() + _PATIENCE_S
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return handle
        except OSError as error:
            # One that was told to end, or whose Hub was killed, may need a moment.
            if time.monotonic() > until:
                os.close(handle)
                reason = f"another service writes {path.parent}: give each a state of its own"
                raise OSError(error.errno, reason) from error
            time.sleep(_PATIENCE_S / 50)


def _name(path: Path) -> str:
    if not path.exists():
        _append(path, secrets.token_hex(16).encode())
    return path.read_text("ascii")


def _cut_torn_line(path: Path) -> int:
    """Cut off what a killed process wrote of its last line; return its bytes."""
    content = tail(path)
    cut = len(content) - (content.rfind(b"\n") + 1)
    if cut:
        os.truncate(path, path.stat().st_size - cut)
    return cut
