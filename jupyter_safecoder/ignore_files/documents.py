"""Which documents of a Jupyter server are excluded, and why."""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jupyter_safecoder.errors import UnreadableIgnoreFile

from .rules import IGNORE_FILE, IgnoreRules, is_own, rules_in

#: The drive of JupyterLab's content manager that a path is in, such as ``RTC:``.
_DRIVE = re.compile(r"[^/:]*:")
#: Maximum number of directories and of documents that are remembered.
_MAX_REMEMBERED = 1000


@dataclass(frozen=True)
class ExclusionReason:
    """Why a document is excluded, and what to do about it."""

    reason: str
    remedy: str = ""


@dataclass(frozen=True, eq=False)
class _Read:
    """What was read of a directory's file in this state: its rules, or why there are none."""

    directory: Path
    state: tuple[int, ...]
    rules: IgnoreRules | None
    error: UnreadableIgnoreFile | None = None


class IgnoredDocuments:
    """Finds what excludes a document of a server.

    Below the root of the server all files named ``.safecoderignore`` count. In the directories
    above it, as far as the root of a repository, those of this user and of root count. A link is
    excluded as itself or as what it leads to.

    Parameters
    ----------
    root
        Root directory of the server.
    """

    def __init__(self, root: Path) -> None:
        self._root = Path(os.path.abspath(root))
        self._read: dict[Path, _Read] = {}
        self._found: dict[Path, tuple[list[_Read], ExclusionReason | None]] = {}

    def exclusion(self, path: str) -> ExclusionReason | None:
        """Return why a document is excluded; ``None`` if it is not.

        This reads the state of the files that count. Only where one has changed is it read again,
        and are patterns compared.

        Parameters
        ----------
        path
            As JupyterLab names the document: below the root, with slashes, maybe in a drive.
        """
        return next(filter(None, map(self._exclusion_of, self._files(path))), None)

    def _files(self, path: str) -> list[Path]:
        """Return the files that a path may stand for."""
        if not path or "\0" in path:
            return []
        drive = _DRIVE.match(path)
        names = dict.fromkeys((path, path[drive.end() :] if drive else path))
        files = [self._root / posixpath.normpath(f"/{name}").lstrip("/") for name in names if name]
        return list(dict.fromkeys([*files, *(Path(os.path.realpath(file)) for file in files)]))

    def _exclusion_of(self, file: Path) -> ExclusionReason | None:
        reads = [read for directory in self._directories(file) if (read := self._rules(directory))]
        if file not in self._found or self._found[file][0] != reads:
            _make_space(self._found)
            found = (self._apply(file, read) for read in reads)
            self._found[file] = reads, next(filter(None, found), None)
        return self._found[file][1]

    def _apply(self, file: Path, read: _Read) -> ExclusionReason | None:
        if read.error is not None:
            return ExclusionReason(f"Off by {IGNORE_FILE}: {read.error.reason}", read.error.remedy)
        if read.rules is None or not read.rules.match(file, is_directory=False):
            return None
        name = read.directory / IGNORE_FILE
        is_below = name.is_relative_to(self._root)
        shown = name.relative_to(self._root).as_posix() if is_below else str(name)
        return ExclusionReason(
            f"Off by {IGNORE_FILE}: a pattern in {shown} excludes this document."
        )

    def _directories(self, file: Path) -> Iterator[Path]:
        """Yield the directories above a file whose rules count, the nearest one first."""
        is_below = file.is_relative_to(self._root)
        for directory in file.parents:
            is_below = is_below and directory.is_relative_to(self._root)
            if is_below or is_own(directory / IGNORE_FILE):
                yield directory
            is_inside = is_below and directory != self._root
            if not is_inside and os.path.exists(directory / ".git"):
                return

    def _rules(self, directory: Path) -> _Read | None:
        """Return what a directory's file has now; ``None`` if there is no such file."""
        try:
            status = os.stat(directory / IGNORE_FILE)
        except OSError:
            return None
        state = (status.st_mtime_ns, status.st_size, status.st_ino, status.st_mode)
        read = self._read.get(directory)
        if read is None or read.state != state:
            _make_space(self._read)
            read = self._read[directory] = _read(directory, state)
        return read


def _read(directory: Path, state: tuple[int, ...]) -> _Read:
    try:
        return _Read(directory, state, rules_in(directory))
    except UnreadableIgnoreFile as error:
        return _Read(directory, state, None, error)


def _make_space(remembered: dict[Path, Any]) -> None:
    if len(remembered) >= _MAX_REMEMBERED:
        remembered.clear()
