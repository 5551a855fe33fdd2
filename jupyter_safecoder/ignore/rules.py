"""Whether the ``.safecoderignore`` files of a path's directories exclude it."""

from __future__ import annotations

import os
import stat
from collections import OrderedDict
from pathlib import Path

from jupyter_safecoder.errors import InvalidPattern

from .patterns import IgnorePatterns

#: A file in the format of ``.gitignore``, read in every directory.
IGNORE_FILE = ".safecoderignore"
#: A longer file excludes everything.
_MAX_BYTES = 100_000
#: Files that are kept.
_MAX_KEPT = 512

_Signature = tuple[int, int, int]


class IgnoreRules:
    """The rules of all directories; a file is read again when it has changed.

    What cannot be read, or has a line that is no pattern, excludes everything below its directory:
    its author meant to exclude something.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[str, tuple[_Signature, IgnorePatterns | None]] = OrderedDict()

    def exclude(self, path: str, top: str) -> bool:
        """Return whether a path is excluded by its directory, or by one above it.

        Files above ``top`` count as far as the root of a repository, and if they belong to this
        user or to root.

        Parameters
        ----------
        path
            The absolute path of a file or directory; a directory counts as one.
        top
            A directory above it: rules from there on count whose ever they are.
        """
        is_directory = os.path.isdir(path)
        for directory in Path(path).parents:
            file = directory / IGNORE_FILE
            counts = directory.is_relative_to(top) or is_own_file(file)
            if counts and self._matches(file, path, is_directory=is_directory):
                return True
            is_below = directory.is_relative_to(top) and str(directory) != top
            if not is_below and os.path.exists(directory / ".git"):
                break
        return False

    def _matches(self, file: Path, path: str, *, is_directory: bool) -> bool:
        try:
            status = os.stat(file)
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError:
            return True
        if not stat.S_ISREG(status.st_mode):
            return False
        signature = (status.st_mtime_ns, status.st_size, status.st_ino)
        kept = self._kept.get(str(file))
        if kept is None or kept[0] != signature:
            kept = (signature, _read(file, status.st_size))
            self._kept[str(file)] = kept
            while len(self._kept) > _MAX_KEPT:
                self._kept.popitem(last=False)
        relative = Path(path).relative_to(file.parent).as_posix()
        return kept[1] is None or kept[1].match(relative, is_directory=is_directory)


def _read(file: Path, size: int) -> IgnorePatterns | None:
    """Return the patterns of a file; ``None`` if it must be taken for excluding everything."""
    if size > _MAX_BYTES:
        return None
    try:
        return IgnorePatterns(file.read_text("utf-8"))
    except (InvalidPattern, OSError, ValueError):
        return None


def is_own_file(file: Path) -> bool:
    """Return whether a file belongs to this user or to root: those of others do not count.

    A user who can write to a directory above, such as ``/tmp``, would choose what is excluded.
    """
    try:
        owner = os.stat(file).st_uid
    except OSError:
        return False
    return not hasattr(os, "geteuid") or owner in (0, os.geteuid())
