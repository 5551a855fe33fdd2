"""From paths to the files that a corpus may be made of; every other file gets its reason."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from jupyter_safecoder.errors import FinetuneError
from jupyter_safecoder.extras import require_extra

#: A file like ``.gitignore``, in any directory that is looked through.
IGNORE_FILE = ".safecoderignore"
#: Most bytes of a notebook, whose pictures take most of it, and of a script, by its extension.
MOST_BYTES = {".ipynb": 50 * 2**20, ".py": 2**20}

#: Directories of other people's or of generated files.
_VENDORED = frozenset(
    {
        *("node_modules", "site-packages", "dist-packages", "__pycache__", "__pypackages__"),
        *("vendor", "vendored", "_vendor", "third_party", "third-party", "external", "extern"),
        *("build", "dist", ".git", ".hg", ".svn", ".tox", ".nox", ".venv", "venv", ".eggs"),
        *(
            ".ipynb_checkpoints",
            ".mypy_cache",
            ".pytest_cache",
            ".ruff_cache",
            ".virtual_documents",
        ),
    }
)

Ignored = Callable[[str], bool]


@dataclass(frozen=True)
class LeftOut:
    """A file or directory that is not in the corpus, and why."""

    path: str
    reason: str


def find_sources(paths: Sequence[Path]) -> tuple[list[Path], list[LeftOut]]:
    """Return the notebooks and Python files below paths, in order of their names.

    Symbolic links are followed, each directory once; ``.safecoderignore`` is read in every
    directory, in the format of ``.gitignore``.

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
        If a path does not exist.
    """
    taken: list[Path] = []
    left_out: list[LeftOut] = []
    seen: set[tuple[int, int]] = set()
    for path in paths:
        if not os.path.exists(path):
            raise FinetuneError(f"There is no file or directory {path}.", "Check the path.")
        for found in _walk(path, _ignored_above(path), left_out, seen):
            reason = _reason_against(found, seen)
            if reason:
                left_out.append(LeftOut(str(found), reason))
            else:
                taken.append(found)
    return taken, left_out


def _walk(
    path: Path, ignored: Sequence[Ignored], left_out: list[LeftOut], seen: set[tuple[int, int]]
) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    status = path.stat()
    mark = (status.st_dev, status.st_ino)
    if mark in seen:
        left_out.append(LeftOut(str(path), "reached before by another way"))
        return
    seen.add(mark)
    try:
        entries = sorted(os.scandir(path), key=lambda entry: entry.name)
    except OSError as error:
        left_out.append(LeftOut(str(path), f"cannot be read: {error.strerror}"))
        return
    ignored = [*ignored, *_ignored_in(path, left_out)]
    for entry in entries:
        inner = path / entry.name
        try:
            directory = entry.is_dir()
            broken = not inner.exists()
        except OSError:
            directory, broken = False, True
        relevant = directory or inner.suffix in MOST_BYTES
        if not relevant:
            continue
        if broken:
            left_out.append(LeftOut(str(inner), "a link that leads nowhere"))
        elif any(matches(str(inner.absolute())) for matches in ignored):
            left_out.append(LeftOut(str(inner), f"excluded by pattern ({IGNORE_FILE})"))
        elif directory and (entry.name in _VENDORED or os.path.exists(inner / "pyvenv.cfg")):
            if any(name.suffix in MOST_BYTES for name in inner.glob("*")):
                left_out.append(LeftOut(str(inner), "vendored or generated"))
        else:
            yield from _walk(inner, ignored, left_out, seen)


def _reason_against(path: Path, seen: set[tuple[int, int]]) -> str | None:
    most = MOST_BYTES.get(path.suffix)
    if most is None:
        return "neither a notebook nor a Python file"
    if not path.is_file():
        # A pipe or a device would be waited for, or never end.
        return "not a regular file"
    try:
        status = path.stat()
        with path.open("rb"):
            pass
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    mark = (status.st_dev, status.st_ino)
    if mark in seen:
        return "reached before by another way"
    seen.add(mark)
    if status.st_size > most:
        return f"too large: {status.st_size / 2**20:.1f} MB, the most is {most / 2**20:.0f} MB"
    return None


def _ignored_above(path: Path) -> list[Ignored]:
    """Return the rules of the directories above, as Git's hold below: as far as the repository."""
    rules: list[Ignored] = []
    inner = path.absolute()
    for directory in inner.parents if path.is_file() else (inner, *inner.parents):
        if directory != inner:
            rules += _ignored_in(directory, [])
        if os.path.exists(directory / ".git"):
            break
    return rules


def _ignored_in(directory: Path, left_out: list[LeftOut]) -> list[Ignored]:
    file = directory / IGNORE_FILE
    try:
        # Not Path's: in a directory that may not be read it would raise.
        if not os.path.isfile(file):
            return []
        # Late: where nothing is excluded, a thin installation need not have it.
        require_extra("gitignore_parser")
        from gitignore_parser import parse_gitignore

        matches: Ignored = parse_gitignore(file, base_dir=directory.absolute())
    except (OSError, UnicodeDecodeError) as error:
        # Whoever wrote patterns meant to keep something out: nothing is guessed.
        raise FinetuneError(
            f"{file} cannot be read ({type(error).__name__}).", "Mend or remove it."
        ) from error
    return [matches]
