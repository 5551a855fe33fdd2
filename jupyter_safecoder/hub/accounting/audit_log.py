"""Writes the audit log: JSON lines of who requested what, each with the hash of the one before.

No text of users is in it. Usage is counted from it: a line that is written is never lost, whatever
happens to the service or to its database. ``audit_chain.py`` reads it.
"""

from __future__ import annotations

import errno
import json
import os
import secrets
import time
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from filelock import Timeout

from jupyter_safecoder.errors import LocksUnavailable
from jupyter_safecoder.files import atomic_write
from jupyter_safecoder.files.locks import ProcessLock

from .audit_chain import (
    entry_hash,
    file_number,
    first_previous_hash,
    last_hash,
    log_files,
    numbered_file,
    read_tail,
)
from .audit_key import KeyFile, LineKey
from .record import parse_object

_DAY_S = 86_400.0
#: A file of this size is deleted when the disk is full: some thousand lines still fit then.
_RESERVE, _RESERVED_BYTES = "reserve", 2**20
_DISK_FULL = (errno.ENOSPC, errno.EDQUOT)
#: Seconds to wait for another process to close the log: one that stops may need a moment.
_LOCK_TIMEOUT_S = 10.0
#: More lines than are written at once, before the key is changed.
_MAX_UNNOTED_LINES = 10_000


class AuditLog:
    """Appends to the newest file of a directory.

    Parameters
    ----------
    directory
        Directory of the log; created if it does not exist.
    rotate_bytes
        Size after which a new file is started, as on each new day; the chain continues.

    Raises
    ------
    OSError
        If the log cannot be read or written, or another process writes it.
    """

    def __init__(self, directory: Path, rotate_bytes: int = 64 * 2**20) -> None:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.directory = directory
        self._rotate_bytes = rotate_bytes
        self._lock = acquire_lock(directory)
        #: Identifies the log in a database that several services share.
        self.name = _read_name(directory / "name")
        files = log_files(directory)
        self._number = file_number(files[-1]) if files else 1
        cut = _cut_torn_line(files[-1]) if files else 0
        self.last_hash = last_hash(files)
        self._key_file = KeyFile(directory)
        self._key = self._current_key(files)
        #: Whether there is space for what is recorded while the disk is full.
        self.has_reserve = (directory / _RESERVE).exists()
        if cut:
            self.write({"action": "recovered", "bytes": cut})

    def write(self, *entries: Mapping[str, Any]) -> None:
        """Append entries; when this returns the system has them, so a killed process loses none.

        If the disk is full, they take the place of the reserve.

        Raises
        ------
        OSError
            If they cannot be written; then none of them is in the log.
        """
        now = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
        last, key, lines = self.last_hash, self._key, []
        for entry in entries:
            body = {"time": now, **entry, "previous": last}
            if key is not None:
                body["number"] = key.number
                body["code"] = key.code(body)
                key = key.next()
            last = entry_hash(body)
            lines.append(json.dumps({**body, "hash": last}) + "\n")
        content = "".join(lines).encode()
        path = self._current_file()
        try:
            size = _append(path, content)
        except OSError as error:
            if error.errno not in _DISK_FULL or not self.has_reserve:
                raise
            self.has_reserve = False
            (self.directory / _RESERVE).unlink(missing_ok=True)
            size = _append(path, content)
        if key is not None:
            try:
                self._key_file.write(key)
            except OSError:
                os.truncate(path, size)
                raise
        self.last_hash, self._key = last, key

    def make_reserve(self) -> None:
        """Reserve space on the disk, unless there is such a reserve.

        Raises
        ------
        OSError
            If there is no space for it.
        """
        if self.has_reserve:
            return
        if not self.directory.is_dir():
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(self.directory))
        with atomic_write(self.directory / _RESERVE) as stream:
            stream.write(bytes(_RESERVED_BYTES))
        self.has_reserve = True

    def prune(self, retention_days: int) -> int:
        """Delete files whose last line is older; return how many.

        An entry records the deletion: files that anybody else deletes are noticed.

        Raises
        ------
        OSError
            If they cannot be deleted.
        """
        files = log_files(self.directory)
        oldest = time.time() - retention_days * _DAY_S
        expired: Sequence[Path] = [path for path in files[:-1] if path.stat().st_mtime < oldest]
        if expired:
            first = files[len(expired)]
            self.write(
                {"action": "pruned", "first": first.name, "begins": first_previous_hash(first)}
            )
            for path in expired:
                path.unlink()
        return len(expired)

    def close(self) -> None:
        """Release the lock, so that another process can write."""
        self._lock.release()

    def _current_key(self, files: Sequence[Path]) -> LineKey | None:
        """Return the key of the next line; a killed process may have written lines since."""
        key = self._key_file.read()
        if key is None:
            return None
        lines = read_tail(files[-1]).splitlines() if files else []
        body = parse_object(lines[-1]) if lines else {}
        body.pop("hash", None)
        code, number = body.pop("code", None), body.get("number")
        if not isinstance(number, int) or not 0 <= number - key.number < _MAX_UNNOTED_LINES:
            return key
        of_line = key.at(number)
        if of_line.code(body) == code:  # otherwise it is that of another key
            key = of_line.next()
            self._key_file.write(key)
        return key

    def _current_file(self) -> Path:
        path = numbered_file(self.directory, self._number)
        try:
            info = path.stat()
        except FileNotFoundError:
            return path
        is_of_today = int(info.st_mtime // _DAY_S) == int(time.time() // _DAY_S)
        if info.st_size and not (is_of_today and info.st_size < self._rotate_bytes):
            self._number += 1
            path = numbered_file(self.directory, self._number)
        return path


def _append(path: Path, content: bytes) -> int:
    """Append to a file, all or nothing; return the size that it had before."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        size = os.fstat(handle).st_size
        try:
            if os.write(handle, content) != len(content):
                raise OSError(errno.ENOSPC, "the disk is full", str(path))
        except OSError:
            os.ftruncate(handle, size)
            raise
    finally:
        os.close(handle)
    return size


def acquire_lock(directory: Path) -> ProcessLock:
    """Return the lock of a log, acquired.

    Raises
    ------
    OSError
        If another process writes the log, or the file system has no locks.
    """
    # Not of one thread: the audit writer's thread closes the log.
    lock = ProcessLock(directory / "lock", mode=0o600, thread_local=False)
    try:
        lock.acquire(timeout=_LOCK_TIMEOUT_S, poll_interval=_LOCK_TIMEOUT_S / 50)
    except Timeout:
        reason = f"another service writes {directory}: give each a state of its own"
        raise OSError(errno.EAGAIN, reason) from None
    except LocksUnavailable as error:
        raise OSError(errno.ENOLCK, error.reason.rstrip(".")) from None
    return lock


def _read_name(path: Path) -> str:
    if not path.exists():
        _append(path, secrets.token_hex(16).encode())
    return path.read_text("ascii")


def _cut_torn_line(path: Path) -> int:
    """Cut off the incomplete last line of a killed process; return its bytes."""
    content = read_tail(path)
    cut = len(content) - (content.rfind(b"\n") + 1)
    if cut:
        os.truncate(path, path.stat().st_size - cut)
    return cut
