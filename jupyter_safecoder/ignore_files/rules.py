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
        return self.excluding_line(path, is_directory=is_directory) != ""

    def excluding_line(self, path: Path, *, is_directory: bool) -> str:
        """Return the file and the line that exclude a path below the directory; empty if none."""
        relative = Path(os.path.abspath(path)).relative_to(self.directory).as_posix()
        number = self.patterns.excluding_line(relative, is_directory=is_directory)
        return "" if number is None else f"{self.directory / IGNORE_FILE}, line {number}"


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


def rules_above(path: Path) -> list[IgnoreRules]:
    """Return the rules of the directories above a path, up to the root of the repository.

    Those of other users do not count: see :func:`is_own`.

    Parameters
    ----------
    path
        A directory, whose own rules are none of them, or a file.

    Raises
    ------
    UnreadableIgnoreFile
        If one of their files cannot be read.
    """
    found: list[IgnoreRules] = []
    absolute = Path(os.path.abspath(path))
    for directory in absolute.parents if path.is_file() else (absolute, *absolute.parents):
        if directory != absolute and is_own(directory / IGNORE_FILE):
            rules = rules_in(directory)
            found += [rules] if rules else []
        if os.path.exists(directory / ".git"):
            break
    return found


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
