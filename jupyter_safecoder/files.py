"""Files and directories that appear whole or not at all."""

from __future__ import annotations

import glob
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

#: What the names of unfinished files and directories end with.
_PARTIAL = "partial"


@contextmanager
def atomic_write(path: Path, *, mode: int = 0o666) -> Iterator[IO[bytes]]:
    """Yield a stream whose content replaces a file when the context ends without an error.

    A reader sees the old content or the new one, never a part. Two writers do not disturb each
    other: the last one wins.

    Parameters
    ----------
    path
        The file; its directory is created if it does not exist.
    mode
        Permissions of the new file, before the umask.

    Raises
    ------
    OSError
        If the file cannot be written; then the old one is still there.
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
        The directory; what is there is replaced.
    mode
        Permissions of the new directory, before the umask.
    locked
        The caller holds a lock for this path, so that what a killed process left unfinished can be
        deleted.

    Raises
    ------
    OSError
        If it cannot be moved to its place; then what was there is still there.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if locked:
        for left in path.parent.glob(f".{glob.escape(path.name)}.*.{_PARTIAL}"):
            shutil.rmtree(left, ignore_errors=True)
    partial = _partial(path)
    partial.mkdir(mode=mode)
    try:
        yield partial
        _replace_directory(partial, path)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _replace_directory(new: Path, path: Path) -> None:
    """Move a finished directory to its place; what was there is deleted afterwards."""
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
    return path.with_name(f".{path.name}.{secrets.token_hex(4)}.{_PARTIAL}")
