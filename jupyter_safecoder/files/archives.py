"""Reads the regular files of archives, which are not trusted.

Only names that were checked are returned; links, devices, modes and owners of an archive are
ignored.
"""

from __future__ import annotations

import errno
import gzip
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from lzma import LZMAError
from pathlib import Path, PurePosixPath
from typing import IO, cast

from jupyter_safecoder.errors import DamagedArchive, MaliciousArchive

from .tar_stream import TarStream

#: Maximum bytes that an archive is extracted to, and maximum files: the largest source
#: distributions have a tenth of that.
_MAX_EXTRACTED_BYTES, _MAX_MEMBERS = 4 * 2**30, 200_000
#: Maximum bytes of a part of a name, in all file systems in use, and of a whole name.
_MAX_PART_BYTES, _MAX_NAME_BYTES = 255, 1024
_TOO_LARGE = "it is larger than any source distribution, extracted"

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


@contextmanager
def open_archive(archive: Path) -> Iterator[list[MemberReader]]:
    """Yield the regular files of an archive, each with a function that opens it.

    Parameters
    ----------
    archive
        A ZIP, or a tar archive that is plain or compressed by gzip or bzip2.

    Raises
    ------
    MaliciousArchive, DamagedArchive
        Also while a member is read.
    """
    try:
        with _open(archive) as members:
            yield members
    except OverflowError:
        raise MaliciousArchive(_TOO_LARGE) from None
    except _DAMAGED as error:
        raise DamagedArchive(type(error).__name__) from error
    except OSError as error:
        # bz2 has no error of its own, and zipfile seeks to where the archive states.
        if error.errno not in (None, errno.EINVAL):
            raise
        raise DamagedArchive(type(error).__name__) from error


@contextmanager
def _open(archive: Path) -> Iterator[list[MemberReader]]:
    """Yield the regular files of an archive."""
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as content:
            yield list(_checked(_zip_members(content)))
        return
    with (
        TarStream(archive, _MAX_EXTRACTED_BYTES) as stream,
        tarfile.open(fileobj=cast("IO[bytes]", stream), mode="r:") as content,
    ):
        members = list(_checked(_tar_members(content)))
        stream.headers_are_read()
        yield members


def _zip_members(content: zipfile.ZipFile) -> Iterator[tuple[str, int, Read]]:
    for info in content.infolist():
        # The upper half of a ZIP from Unix has the mode: links are skipped.
        if not info.is_dir() and (info.external_attr >> 28) in (0, 0o10):
            yield info.filename, info.file_size, partial(content.open, info)


def _tar_members(content: tarfile.TarFile) -> Iterator[tuple[str, int, Read]]:
    for number, info in enumerate(content):
        if number >= _MAX_MEMBERS:
            raise OverflowError
        # Of a sparse file, the size says nothing about the archive's.
        if info.isreg() and not info.issparse():
            _apply_data_filter(info)
            # It is never None for a regular file.
            yield info.name, info.size, cast("Read", partial(content.extractfile, info))


def _apply_data_filter(info: tarfile.TarInfo) -> None:
    """Refuse what Python's own filter refuses; Python before 3.10.12 and 3.11.4 has none."""
    data_filter = getattr(tarfile, "data_filter", None)
    if data_filter is not None:
        try:
            data_filter(info, "/nonexistent")
        except tarfile.FilterError as error:
            raise MaliciousArchive("a name in it leads out of its directory") from error


def _checked(members: Iterator[tuple[str, int, Read]]) -> Iterator[MemberReader]:
    total = 0
    for number, (name, size, read) in enumerate(members):
        path = PurePosixPath(name)
        total += size
        if number >= _MAX_MEMBERS or size < 0 or total > _MAX_EXTRACTED_BYTES:
            raise OverflowError
        if path.is_absolute() or ".." in path.parts or "\\" in name or "\0" in name:
            raise MaliciousArchive("a name in it leads out of its directory")
        encoded = [len(part.encode("utf-8", "surrogateescape")) for part in path.parts]
        if max(encoded, default=0) > _MAX_PART_BYTES or sum(encoded) > _MAX_NAME_BYTES:
            raise MaliciousArchive("a name in it is too long")
        yield Member(path, size), read
