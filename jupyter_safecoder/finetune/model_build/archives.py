"""Extracts notebooks and Python files from archives of packages, which are not trusted.

Only regular files are written, under names that were checked; links, devices, modes and owners of
an archive are ignored.
"""

from __future__ import annotations

import gzip
import hashlib
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from lzma import LZMAError
from pathlib import Path, PurePosixPath
from typing import IO, cast

from jupyter_safecoder.errors import FinetuneError
from jupyter_safecoder.files import atomic_directory
from jupyter_safecoder.finetune.corpus.sources import MAX_BYTES

#: Maximum bytes that an archive is extracted to, and maximum files: the largest source
#: distributions have a tenth of that.
_MAX_EXTRACTED_BYTES, _MAX_MEMBERS = 4 * 2**30, 200_000
#: Prefixes of directories whose scripts show how a package is used.
_EXAMPLES = ("example", "galler", "tutorial", "demo", "doc", "notebook")
#: Files that configure tools.
_TOOL_FILES = ("setup.py", "conftest.py", "conf.py")


#: Errors of the readers of archives for damaged ones; zipfile raises RuntimeError for some.
_DAMAGED = (
    *(tarfile.TarError, zipfile.BadZipFile, gzip.BadGzipFile, zlib.error, LZMAError),
    *(EOFError, RuntimeError),
)


@dataclass(frozen=True)
class Member:
    """A regular file of an archive.

    Parameters
    ----------
    path
        Its path in the archive, checked.
    size
        Its size in bytes, extracted.
    """

    path: PurePosixPath
    size: int


def unpack(archive: Path, target: Path, max_modules: int) -> None:
    """Write an archive's notebooks and examples, and some of its modules, to a new directory.

    Parameters
    ----------
    archive
        A source distribution: a tar archive or a ZIP.
    target
        The directory.
    max_modules
        Maximum Python files that are no examples.

    Raises
    ------
    FinetuneError
        If the archive is damaged or malicious.
    """
    try:
        with atomic_directory(target) as directory, _open(archive) as members:
            chosen = choose([member for member, _ in members()], max_modules)
            for member, read in members():
                if member not in chosen:
                    continue
                path = directory / member.path
                path.parent.mkdir(parents=True, exist_ok=True)
                with read() as source, path.open("wb") as stream:
                    # The size that the archive states was checked; there may be more.
                    stream.write(source.read(member.size))
    except _DAMAGED as error:
        raise FinetuneError(
            f"{archive.name} is damaged ({type(error).__name__}).",
            "Delete it: it is then fetched again.",
        ) from error


def choose(members: Sequence[Member], max_modules: int) -> frozenset[Member]:
    """Return the files to extract: notebooks and examples, and a few of the others.

    Parameters
    ----------
    members
        All regular files of an archive.
    max_modules
        Maximum Python files that are no examples.
    """
    examples: list[Member] = []
    others: list[Member] = []
    for member in members:
        path = member.path
        folders = [part.lower() for part in path.parts[:-1]]
        if member.size > MAX_BYTES.get(path.suffix, -1) or path.name in _TOOL_FILES:
            continue
        if any(folder.startswith("test") for folder in folders) or path.name.startswith("test_"):
            continue
        is_example = any(folder.startswith(_EXAMPLES) for folder in folders)
        (examples if is_example or path.suffix == ".ipynb" else others).append(member)
    # Sorted by hash: spread over the package, and the same ones each time.
    others.sort(key=lambda member: hashlib.sha256(bytes(member.path)).digest())
    return frozenset([*examples, *others[:max_modules]])


Read = Callable[[], IO[bytes]]
MemberReader = tuple[Member, Read]


@contextmanager
def _open(archive: Path) -> Iterator[Callable[[], Iterator[MemberReader]]]:
    """Yield a function that iterates over the regular files of an archive."""
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as content:
            yield lambda: _checked(archive, _zip_members(content))
    else:
        with tarfile.open(archive, "r:*") as content:
            yield lambda: _checked(archive, _tar_members(archive, content))


def _zip_members(content: zipfile.ZipFile) -> Iterator[tuple[str, int, Read]]:
    for info in content.infolist():
        # The upper half of a ZIP from Unix has the mode: links are skipped.
        if not info.is_dir() and (info.external_attr >> 28) in (0, 0o10):
            yield info.filename, info.file_size, partial(content.open, info)


def _tar_members(archive: Path, content: tarfile.TarFile) -> Iterator[tuple[str, int, Read]]:
    for info in content:
        if info.isreg():
            _apply_data_filter(archive, info)
            # It is never None for a regular file.
            yield info.name, info.size, cast("Read", partial(content.extractfile, info))


def _apply_data_filter(archive: Path, info: tarfile.TarInfo) -> None:
    """Refuse what Python's own filter refuses; Python before 3.10.12 and 3.11.4 has none."""
    data_filter = getattr(tarfile, "data_filter", None)
    if data_filter is not None:
        try:
            data_filter(info, "/nonexistent")
        except tarfile.FilterError as error:
            raise _malicious(archive, "a name in it leads out of its directory") from error


def _checked(archive: Path, members: Iterator[tuple[str, int, Read]]) -> Iterator[MemberReader]:
    total = 0
    for number, (name, size, read) in enumerate(members):
        path = PurePosixPath(name)
        total += size
        if number >= _MAX_MEMBERS or total > _MAX_EXTRACTED_BYTES:
            raise _malicious(archive, "it is larger than any source distribution, extracted")
        if path.is_absolute() or ".." in path.parts or "\\" in name or "\0" in name:
            raise _malicious(archive, "a name in it leads out of its directory")
        yield Member(path, size), read


def _malicious(archive: Path, reason: str) -> FinetuneError:
    return FinetuneError(
        f"{archive.name} is refused: {reason}.",
        "Do not install this package; remove it from the manifest of sources.",
    )
