"""Files and directories that are written completely or not at all."""

from __future__ import annotations

import glob
import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

#: Suffix of unfinished files and directories.
_PARTIAL = "partial"
#: Bytes of the random part of these names.
_TOKEN = 4


@contextmanager
def atomic_write(path: Path, *, mode: int = 0o666) -> Iterator[IO[bytes]]:
    """Yield a stream whose content replaces a file when the context ends without an error.

    A reader sees the old content or the new one, never a part of it. Two writers at once do not
    mix their contents: the last one wins.

    Parameters
    ----------
    path
        Path of the file; its directory is created if it does not exist.
    mode
        Permissions of the new file, before the umask.

    Raises
    ------
    OSError
        If the file cannot be written; the old one is kept.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = _partial(path)
    handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(handle, "wb") as stream:
            yield stream
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def file_lock(path: Path, on_wait: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Hold a lock among processes, which is released even if its process is killed.

    Parameters
    ----------
    path
        Path of the lock's file; its directory is created if it does not exist.
    on_wait
        Called before waiting, if another process has the lock.
    """
    from filelock import FileLock, Timeout

    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        on_wait()
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def write_text(path: Path, text: str, *, mode: int = 0o666) -> None:
    """Replace a file's content by a text in UTF-8, in one step; see :func:`atomic_write`."""
    with atomic_write(path, mode=mode) as stream:
        stream.write(text.encode("utf-8"))


@contextmanager
def atomic_directory(path: Path, *, mode: int = 0o777, locked: bool = False) -> Iterator[Path]:
    """Yield an empty directory that replaces another when the context ends without an error.

    Parameters
    ----------
    path
        Path of the directory; an existing one is replaced.
    mode
        Permissions of the new directory, before the umask.
    locked
        Whether the caller holds a lock for this path: then unfinished directories of killed
        processes are deleted.

    Raises
    ------
    OSError
        If the directory cannot be moved to its path; the old one is kept.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if locked:
        random = "?" * 2 * _TOKEN
        for unfinished in path.parent.glob(f".{glob.escape(path.name)}.{random}.{_PARTIAL}"):
            shutil.rmtree(unfinished, ignore_errors=True)
    partial = _partial(path)
    partial.mkdir(mode=mode)
    try:
        yield partial
        _replace_directory(partial, path)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _replace_directory(new: Path, path: Path) -> None:
    """Move a finished directory to its path; an old one is deleted afterwards."""
    if not path.exists():
        new.rename(path)
        return
    old = _partial(path)
    path.rename(old)
    try:
        new.rename(path)
    except OSError:
        old.rename(path)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _partial(path: Path) -> Path:
    # A random name: two processes may write the same path at once.
    return path.with_name(f".{path.name}.{secrets.token_hex(_TOKEN)}.{_PARTIAL}")
