"""Reads files below the server's root that a user may see in it, and finds the recent ones."""

from __future__ import annotations

import os
import stat
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from jupyter_core.paths import is_hidden

from jupyter_safecoder.ignore_files import VENDORED, IgnoredDocuments

from .file_cache import Signature

#: Names that mark the top directory of a project.
_MARKERS = (".git", "pyproject.toml")
#: Suffixes of the files that are read.
SUFFIXES = (".py", ".ipynb")
#: Bounds of the search for recent files: it must not walk through a home directory.
_MAX_ENTRIES, _MAX_DIRECTORIES, _MAX_DEPTH = 5_000, 300, 6
_MAX_WALK_S = 0.2
#: Recent files that are checked for each one that may be read.
_MAX_EXCLUDED = 5
_MAX_DIRECTORIES_ABOVE = 20
#: O_NONBLOCK: opening a pipe does not wait. Windows has neither flag.
_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


@dataclass(frozen=True)
class ProjectFile:
    """A regular file that may be read.

    Parameters
    ----------
    path
        Below the root, with slashes.
    real_path
        The absolute path without links.
    signature
        Changes when the file is written.
    """

    path: str
    real_path: str
    signature: Signature

    @property
    def size(self) -> int:
        """Its size in bytes."""
        return self.signature[1]


class ProjectFiles:
    """The files below a root.

    Neither a path nor a link leads out of the root. What the contents manager hides is not read,
    nor what a ``.safecoderignore`` excludes; both hold for a path and for what it leads to.

    Parameters
    ----------
    root
        The root directory of the server.
    allow_hidden
        Whether the contents manager shows hidden files.
    ignored
        What a ``.safecoderignore`` excludes, by the same root.
    """

    def __init__(self, root: str, ignored: IgnoredDocuments, *, allow_hidden: bool) -> None:
        self._root = os.path.realpath(root)
        self._ignored = ignored
        self._allow_hidden = allow_hidden

    def is_allowed(self, path: str) -> bool:
        """Return whether a path may be read, whether there is a file or not."""
        return self._real_path(path) is not None

    def find(self, path: str) -> ProjectFile | None:
        """Return the file of a path; ``None`` if it is no regular file that may be read.

        Parameters
        ----------
        path
            Below the root, with slashes.
        """
        # Most of the modules that are searched do not exist: the rest takes longer.
        if not path.endswith(SUFFIXES) or not os.path.lexists(os.path.join(self._root, path)):
            return None
        if (real := self._real_path(path)) is None:
            return None
        try:
            status = os.stat(real)
        except OSError:
            return None
        if not stat.S_ISREG(status.st_mode):
            return None
        return ProjectFile(path, real, (status.st_mtime_ns, status.st_size, status.st_ino))

    def read(self, file: ProjectFile, max_bytes: int) -> bytes:
        """Return the first bytes of a file; none if it cannot be read any more.

        Parameters
        ----------
        file
            From :meth:`find`.
        max_bytes
            Maximum number of bytes.
        """
        try:
            descriptor = os.open(file.real_path, _FLAGS | getattr(os, "O_NOFOLLOW", 0))
        except OSError:
            return b""
        try:
            # Another file may be there by now.
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                return b""
            with open(descriptor, "rb", closefd=False) as opened:
                return opened.read(max_bytes)
        except OSError:
            return b""
        finally:
            os.close(descriptor)

    def project_top(self, directory: str) -> str | None:
        """Return the top directory of the project that a directory is in; ``None``: no project.

        Parameters
        ----------
        directory
            Below the root, with slashes.
        """
        for _ in range(_MAX_DIRECTORIES_ABOVE):
            absolute = os.path.join(self._root, directory)
            if any(os.path.exists(os.path.join(absolute, marker)) for marker in _MARKERS):
                return directory
            if not directory:
                return None
            directory = directory.rpartition("/")[0]
        return None

    def recent(self, directory: str, number: int) -> list[str]:
        """Return paths of the notebooks and scripts below a directory, the newest first.

        Directories of generated or third-party files are left out, and so are links. The search
        ends after a bounded number of entries and a bounded time; it goes from the top down.

        Parameters
        ----------
        directory
            Below the root, with slashes.
        number
            Maximum number of paths.
        """
        if not self.is_allowed(directory):
            return []
        found = sorted(self._walk(directory), key=lambda one: (-one[0], one[1]))
        newest = (path for _, path in found[: number * _MAX_EXCLUDED])
        return [*islice(filter(self.is_allowed, newest), number)]

    def _walk(self, top: str) -> Iterator[tuple[int, str]]:
        """Yield the modification times and paths of files below a directory, level by level."""
        until = time.monotonic() + _MAX_WALK_S
        waiting = deque([(top, 0)])
        entries = 0
        for _ in range(_MAX_DIRECTORIES):
            if not waiting:
                return
            directory, depth = waiting.popleft()
            try:
                scanned = os.scandir(os.path.join(self._root, directory))
            except OSError:
                continue
            with scanned:
                for entry in scanned:
                    entries += 1
                    if entries > _MAX_ENTRIES or time.monotonic() > until:
                        return
                    path = f"{directory}/{entry.name}" if directory else entry.name
                    try:
                        if entry.is_dir(follow_symlinks=False):
                            if depth < _MAX_DEPTH and self._is_walked(entry, path):
                                waiting.append((path, depth + 1))
                        elif entry.name.endswith(SUFFIXES) and not entry.is_symlink():
                            yield entry.stat(follow_symlinks=False).st_mtime_ns, path
                    except OSError:
                        continue

    def _is_walked(self, entry: os.DirEntry[str], path: str) -> bool:
        if entry.name in VENDORED or os.path.exists(os.path.join(entry.path, "pyvenv.cfg")):
            return False
        return self.is_allowed(path)

    def _real_path(self, path: str) -> str | None:
        """Return the absolute path without links; ``None`` if it must not be read."""
        if "\0" in path or "\\" in path:
            return None
        parts = path.split("/") if path else []
        if any(part in ("", ".", "..") for part in parts):
            return None
        named = os.path.join(self._root, *parts)
        try:
            path.encode()  # not every name of a file is Unicode
            real = os.path.realpath(named)
            if not self._is_shown(real) or not (named == real or self._is_shown(named)):
                return None
            return None if self._ignored.exclusion(path) is not None else real
        # A circle of links, or a name that is too long.
        except (OSError, ValueError):
            return None

    def _is_shown(self, absolute: str) -> bool:
        if absolute == self._root:
            return True
        if not Path(absolute).is_relative_to(self._root):
            return False
        return self._allow_hidden or not is_hidden(absolute, self._root)
