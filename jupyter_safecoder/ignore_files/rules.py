"""The rules of a directory: those of its ``.safecoderignore``."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from jupyter_safecoder.errors import InvalidPattern, UnreadableIgnoreFile

from .patterns import IgnorePatterns

#: A file in the format of ``.gitignore``, read in every directory.
IGNORE_FILE = ".safecoderignore"


@dataclass(frozen=True)
class IgnoreRules:
    """The patterns of a ``.safecoderignore``, which hold below its directory.

    Parameters
    ----------
    directory
        An absolute path.
    patterns
        The patterns.
    """

    directory: Path
    patterns: IgnorePatterns

    def match(self, path: Path, *, is_directory: bool) -> bool:
        """Return whether a path below the directory is excluded."""
        relative = Path(os.path.abspath(path)).relative_to(self.directory).as_posix()
        return self.patterns.match(relative, is_directory=is_directory)


def rules_in(directory: Path) -> IgnoreRules | None:
    """Return the rules of a directory; ``None`` if it has none.

    Raises
    ------
    UnreadableIgnoreFile
        If its file cannot be read: without the patterns nothing is known to be allowed.
    """
    file = directory / IGNORE_FILE
    # Not Path.is_file(), which raises in a directory that cannot be read.
    if not os.path.isfile(file):
        return None
    try:
        patterns = IgnorePatterns(file.read_text("utf-8"))
    except InvalidPattern as error:
        raise UnreadableIgnoreFile(
            f"Line {error.line} of {file} cannot be read: it {error.reason}.",
            "Fix or remove the line.",
        ) from error
    except (OSError, ValueError) as error:
        raise UnreadableIgnoreFile(
            f"{file} cannot be read ({type(error).__name__}).", "Fix or remove it."
        ) from error
    return IgnoreRules(Path(os.path.abspath(directory)), patterns)


def is_own(file: Path) -> bool:
    """Return whether a file belongs to this user or to root.

    Above the named directories those of others do not count: a user who can write to a directory
    such as ``/tmp`` would choose for others.
    """
    try:
        owner = os.stat(file).st_uid
    except OSError:
        return False
    return not hasattr(os, "geteuid") or owner in (0, os.geteuid())
