"""Finds the notebooks and Python files below paths; every other file gets a reason."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from jupyter_safecoder.errors import FinetuneError, UnreadableIgnoreFile
from jupyter_safecoder.finetune.documents import DOCUMENTS_FILE
from jupyter_safecoder.ignore_files import IGNORE_FILE, VENDORED, IgnoreRules, rules_above, rules_in

#: Maximum size of a file in bytes, by its extension; most of a notebook's bytes are images.
MAX_BYTES = {".ipynb": 50 * 2**20, ".py": 2**20}


@dataclass(frozen=True)
class LeftOut:
    """A file or directory that is not in the corpus.

    Parameters
    ----------
    path
        Its path.
    reason
        Why it is left out.
    decided_by
        The line that decided, where one did: the cell, from 0, its line, from 1, and what there is.
    override
        How to have it in the corpus all the same; empty: it cannot be.
    """

    path: str
    reason: str
    decided_by: str = ""
    override: str = ""


def find_sources(paths: Sequence[Path]) -> tuple[list[Path], list[LeftOut]]:
    """Return the notebooks and Python files below paths, sorted by name.

    Symbolic links are followed if they lead to something below one of the paths: a user who can
    write to a shared directory must not choose what else is learned. ``.safecoderignore`` is read
    in every directory, and, if it belongs to this user or to root, in those above as far as the
    root of a repository. A file of documents that are read already is taken only where it is named
    itself.

    Parameters
    ----------
    paths
        Files and directories.

    Returns
    -------
    tuple
        The files to read, and what was left out, with the reason.

    Raises
    ------
    FinetuneError
        If a path does not exist, or a ``.safecoderignore`` cannot be read.
    """
    taken: list[Path] = []
    left_out: list[LeftOut] = []
    visited: set[tuple[int, int]] = set()
    roots = [path.resolve() for path in paths]
    for path in paths:
        if not os.path.exists(path):
            raise FinetuneError(f"There is no file or directory {path}.", "Check the path.")
        if path.name == DOCUMENTS_FILE and path.is_file():
            taken.append(path)
            continue
        with _readable_rules():
            above = rules_above(path)
        for found in _walk(path, roots, above, left_out, visited):
            reason = _rejection_reason(found, visited)
            if reason:
                left_out.append(LeftOut(str(found), reason))
            else:
                taken.append(found)
    return taken, left_out


def _walk(
    path: Path,
    roots: Sequence[Path],
    ignored: Sequence[IgnoreRules],
    left_out: list[LeftOut],
    visited: set[tuple[int, int]],
) -> Iterator[Path]:
    """Yield the files below a path that may be notebooks or scripts."""
    if not path.is_dir():
        yield path
        return
    if not _visit(path.stat(), visited):
        left_out.append(LeftOut(str(path), "reached before by another path"))
        return
    try:
        entries = sorted(os.scandir(path), key=lambda entry: entry.name)
    except OSError as error:
        left_out.append(LeftOut(str(path), f"cannot be read: {error.strerror}"))
        return
    with _readable_rules():
        rules = rules_in(path)
    ignored = [*ignored, rules] if rules else ignored
    for entry in entries:
        inner = path / entry.name
        is_directory, is_broken = _examine(entry)
        if not is_directory and inner.suffix not in MAX_BYTES:
            continue
        if is_broken:
            left_out.append(LeftOut(str(inner), "a link that leads nowhere"))
        elif entry.is_symlink() and not _is_below(inner, roots):
            left_out.append(LeftOut(str(inner), "a link that leads out of the named directories"))
        elif line := _excluding_line(ignored, inner, is_directory=is_directory):
            reason = f"excluded by pattern ({IGNORE_FILE})"
            left_out.append(LeftOut(str(inner), reason, line, "remove the line, or add !PATTERN"))
        elif is_directory and (entry.name in VENDORED or os.path.exists(inner / "pyvenv.cfg")):
            if any(name.suffix in MAX_BYTES for name in inner.glob("*")):
                override = "name the directory itself"
                left_out.append(LeftOut(str(inner), "vendored or generated", override=override))
        else:
            yield from _walk(inner, roots, ignored, left_out, visited)


def _excluding_line(ignored: Sequence[IgnoreRules], path: Path, *, is_directory: bool) -> str:
    lines = (rules.excluding_line(path, is_directory=is_directory) for rules in ignored)
    return next(filter(None, lines), "")


def _is_below(path: Path, roots: Sequence[Path]) -> bool:
    """Return whether what a link leads to is below one of the directories, or one of the files."""
    target = path.resolve()
    return any(target.is_relative_to(root) for root in roots)


def _examine(entry: os.DirEntry[str]) -> tuple[bool, bool]:
    """Return whether an entry is a directory, and whether it is a link to nothing."""
    try:
        return entry.is_dir(), not Path(entry.path).exists()
    except OSError:
        return False, True


def _visit(status: os.stat_result, visited: set[tuple[int, int]]) -> bool:
    """Remember a file or directory; return whether it is new."""
    key = (status.st_dev, status.st_ino)
    if key in visited:
        return False
    visited.add(key)
    return True


def _rejection_reason(path: Path, visited: set[tuple[int, int]]) -> str | None:
    max_bytes = MAX_BYTES.get(path.suffix)
    if max_bytes is None:
        return "neither a notebook nor a Python file"
    if not path.is_file():
        # Reading a pipe or a device may wait for ever, or never end.
        return "not a regular file"
    try:
        status = path.stat()
        with path.open("rb"):
            pass
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    if not _visit(status, visited):
        return "reached before by another path"
    if status.st_size > max_bytes:
        size, maximum = status.st_size / 2**20, max_bytes / 2**20
        return f"too large: {size:.1f} MB, the maximum is {maximum:.0f} MB"
    return None


@contextmanager
def _readable_rules() -> Iterator[None]:
    """Refuse to train if a ``.safecoderignore`` cannot be read.

    The patterns keep something out of the corpus: training without them could leak it.
    """
    try:
        yield
    except UnreadableIgnoreFile as error:
        raise FinetuneError(error.reason, error.remedy) from error
