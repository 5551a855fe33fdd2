"""Extracts notebooks and Python files from archives of packages, which are not trusted.

Only regular files are written, under names that were checked; links, devices, modes and owners of
an archive are ignored.
"""

from __future__ import annotations

import errno
import gzip
import hashlib
import struct
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
from jupyter_safecoder.files import atomic_directory, make_directory
from jupyter_safecoder.finetune.corpus.sources import MAX_BYTES

from .tar_stream import TarStream

#: Maximum bytes that an archive is extracted to, and maximum files: the largest source
#: distributions have a tenth of that.
_MAX_EXTRACTED_BYTES, _MAX_MEMBERS = 4 * 2**30, 200_000
#: Maximum bytes of a part of a name, in all file systems in use, and of a whole name.
_MAX_PART_BYTES, _MAX_NAME_BYTES = 255, 1024
#: Bytes that are copied at a time.
_CHUNK_BYTES = 2**16
_TOO_LARGE = "it is larger than any source distribution, extracted"
#: Prefixes of directories whose scripts show how a package is used.
_EXAMPLES = ("example", "galler", "tutorial", "demo", "doc", "notebook")
#: Files that configure tools.
_TOOL_FILES = ("setup.py", "conftest.py", "conf.py")


#: Errors of the readers of archives for damaged ones; zipfile raises RuntimeError for some.
_DAMAGED = (
    *(tarfile.TarError, zipfile.BadZipFile, gzip.BadGzipFile, zlib.error, LZMAError),
    *(EOFError, RuntimeError, ValueError, ArithmeticError, LookupError, struct.error),
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


Read = Callable[[], IO[bytes]]
MemberReader = tuple[Member, Read]


def unpack(archive: Path, target: Path, max_modules: int) -> None:
    """Write an archive's notebooks and examples, and some of its modules, to a new directory.

    Parameters
    ----------
    archive
        A source distribution: a ZIP, or a tar archive that is plain or compressed by gzip or bzip2.
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
            chosen = choose([member for member, _ in members], max_modules)
            paths = {member.path for member in chosen}
            if any(parent in paths for path in paths for parent in path.parents):
                raise _malicious(archive, "a file and a directory in it have one name")
            for member, read in members:
                if member in chosen:
                    _extract(member, read, directory / member.path)
    except OverflowError:
        raise _malicious(archive, _TOO_LARGE) from None
    except _DAMAGED as error:
        raise _damaged(archive, error) from error
    except OSError as error:
        # bz2 has no error of its own, and zipfile seeks to where the archive states.
        if error.errno not in (None, errno.EINVAL):
            raise
        raise _damaged(archive, error) from error


def _extract(member: Member, read: Read, path: Path) -> None:
    """Write a file, at most the size that the archive states, which was checked."""
    make_directory(path.parent)
    left = member.size
    with read() as source, path.open("wb") as stream:
        while left > 0 and (chunk := source.read(min(left, _CHUNK_BYTES))):
            stream.write(chunk)
            left -= len(chunk)


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


@contextmanager
def _open(archive: Path) -> Iterator[list[MemberReader]]:
    """Yield the regular files of an archive."""
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as content:
            yield list(_checked(archive, _zip_members(content)))
        return
    with (
        TarStream(archive, _MAX_EXTRACTED_BYTES) as stream,
        tarfile.open(fileobj=cast("IO[bytes]", stream), mode="r:") as content,
    ):
        members = list(_checked(archive, _tar_members(archive, content)))
        stream.headers_are_read()
        yield members


def _zip_members(content: zipfile.ZipFile) -> Iterator[tuple[str, int, Read]]:
    for info in content.infolist():
        # The upper half of a ZIP from Unix has the mode: links are skipped.
        if not info.is_dir() and (info.external_attr >> 28) in (0, 0o10):
            yield info.filename, info.file_size, partial(content.open, info)


def _tar_members(archive: Path, content: tarfile.TarFile) -> Iterator[tuple[str, int, Read]]:
    for number, info in enumerate(content):
        if number >= _MAX_MEMBERS:
            raise OverflowError
        # Of a sparse file, the size says nothing about the archive's.
        if info.isreg() and not info.issparse():
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
        if number >= _MAX_MEMBERS or size < 0 or total > _MAX_EXTRACTED_BYTES:
            raise OverflowError
        if path.is_absolute() or ".." in path.parts or "\\" in name or "\0" in name:
            raise _malicious(archive, "a name in it leads out of its directory")
        encoded = [len(part.encode("utf-8", "surrogateescape")) for part in path.parts]
        if max(encoded, default=0) > _MAX_PART_BYTES or sum(encoded) > _MAX_NAME_BYTES:
            raise _malicious(archive, "a name in it is too long")
        yield Member(path, size), read


def _damaged(archive: Path, error: Exception) -> FinetuneError:
    return FinetuneError(
        f"{archive.name} is damaged ({type(error).__name__}).",
        "Delete it: it is then fetched again.",
    )


def _malicious(archive: Path, reason: str) -> FinetuneError:
    return FinetuneError(
        f"{archive.name} is refused: {reason}.",
        "Do not install this package; remove it from the manifest of sources.",
    )
