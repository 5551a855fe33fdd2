"""Files and directories that are written completely or not at all, for their owner only."""

from __future__ import annotations

import glob
import os
import secrets
import shutil
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

#: Permissions of files and directories of ours, and of those that a user wants to pass on; before
#: the umask.
PRIVATE_FILE, PRIVATE_DIRECTORY = 0o600, 0o700
PUBLIC_FILE, PUBLIC_DIRECTORY = 0o666, 0o777
#: Suffix of unfinished files and directories.
_PARTIAL = "partial"
#: Bytes of the random part of these names.
_TOKEN = 4


def make_directory(path: Path, mode: int = PRIVATE_DIRECTORY) -> None:
    """Create a directory and those above it that do not exist; existing ones stay as they are.

    Parameters
    ----------
    path
        The directory.
    mode
        Permissions of each that is created, before the umask.

    Raises
    ------
    OSError
        If it cannot be created.
    """
    if path.is_dir():
        return
    if path.parent != path:
        make_directory(path.parent, mode)
    path.mkdir(mode=mode, exist_ok=True)


def make_private_directory(path: Path) -> None:
    """Create a directory for its owner only; an existing one becomes so, if it is this user's.

    One of another user stays as it is, such as a cache that an administrator installed for all. Of
    one with the set-group-ID bit, which is shared with a group, others lose their permissions only.

    Parameters
    ----------
    path
        The directory.

    Raises
    ------
    OSError
        If it cannot be created.
    """
    make_directory(path)
    if not hasattr(os, "getuid"):  # Windows, where modes say nothing about other users
        return
    info = path.stat()
    excess = info.st_mode & (0o007 if info.st_mode & stat.S_ISGID else 0o077)
    if info.st_uid == os.getuid() and excess:
        with suppress(OSError):  # a file system without modes
            path.chmod(stat.S_IMODE(info.st_mode) & ~excess)


def create_private_files() -> None:
    """Make all files that this process and its children create readable for their owner only."""
    os.umask(0o077)


@contextmanager
def atomic_write(path: Path, *, mode: int = PRIVATE_FILE) -> Iterator[IO[bytes]]:
    """Yield a stream whose content replaces a file when the context ends without an error.

    A reader sees the old content or the new one, never a part of it. Two writers at once do not
    mix their contents: the last one wins.

    Parameters
    ----------
    path
        Path of the file; its directory is created, for its owner only, if it does not exist.
    mode
        Permissions of the new file, before the umask.

    Raises
    ------
    OSError
        If the file cannot be written; the old one is kept.
    """
    make_directory(path.parent)
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

    Raises
    ------
    LocksUnavailable
        If the file system has no locks.
    """
    # Imported here, as a process without models needs no locks.
    from filelock import Timeout

    from .locks import process_lock

    make_directory(path.parent)
    lock = process_lock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        on_wait()
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def write_text(path: Path, text: str, *, mode: int = PRIVATE_FILE) -> None:
    """Replace a file's content by a text in UTF-8, in one step; see :func:`atomic_write`."""
    with atomic_write(path, mode=mode) as stream:
        stream.write(text.encode("utf-8"))


@contextmanager
def atomic_directory(
    path: Path, *, mode: int = PRIVATE_DIRECTORY, locked: bool = False
) -> Iterator[Path]:
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
    make_directory(path.parent, mode)
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
