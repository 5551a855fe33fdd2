"""Notebooks and Python files out of other people's archives, which are not trusted.

Only regular files are written, under names that were checked; links, devices, modes and owners of
an archive are never made.
"""

from __future__ import annotations

import gzip
import hashlib
import shutil
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
from jupyter_safecoder.finetune.corpus.sources import MOST_BYTES

#: Bytes that an archive may unfold to, and files in it: the largest sources have a tenth of it.
_MOST_UNFOLDED, _MOST_MEMBERS = 4 * 2**30, 200_000
#: Directories whose scripts show how a package is used, by the begin of their names.
_SHOWING = ("example", "galler", "tutorial", "demo", "doc", "notebook")
#: Files that are about a package rather than of it.
_BESIDE = ("setup.py", "conftest.py", "conf.py")


#: What the readers of archives raise over nonsense; zipfile has no name for some of it.
_DAMAGED = (
    *(tarfile.TarError, zipfile.BadZipFile, gzip.BadGzipFile, zlib.error, LZMAError),
    *(EOFError, RuntimeError),
)


@dataclass(frozen=True)
class Member:
    """A regular file of an archive; ``path`` was checked, ``size`` is in bytes, unfolded."""

    path: PurePosixPath
    size: int


def unpack(archive: Path, target: Path, modules: int) -> None:
    """Write an archive's notebooks and scripts, and some of its modules, to a new directory.

    Parameters
    ----------
    archive
        A source distribution: a tar archive or a ZIP.
    target
        Is made, whole or not at all.
    modules
        How many Python files to take that show nobody how the package is used.

    Raises
    ------
    FinetuneError
        If the archive is damaged, or tries to do what no archive has to.
    """
    whole = target.with_name(f"{target.name}.partial")
    shutil.rmtree(whole, ignore_errors=True)
    whole.mkdir(parents=True)
    try:
        with _opened(archive) as members:
            wanted = choose([member for member, _ in members()], modules)
            for member, read in members():
                if member not in wanted:
                    continue
                place = whole / member.path
                place.parent.mkdir(parents=True, exist_ok=True)
                with read() as source, place.open("wb") as stream:
                    # The size was checked against what the archive says, which may be a lie.
                    stream.write(source.read(member.size))
        whole.rename(target)
    except _DAMAGED as error:
        raise FinetuneError(
            f"{archive.name} is damaged ({type(error).__name__}).",
            "Delete it, and it is fetched anew.",
        ) from error
    finally:
        shutil.rmtree(whole, ignore_errors=True)


def choose(members: Sequence[Member], modules: int) -> frozenset[Member]:
    """Return which files to take: all that show how a package is used, few of the others."""
    showing: list[Member] = []
    others: list[Member] = []
    for member in members:
        path = member.path
        folders = [part.lower() for part in path.parts[:-1]]
        if member.size > MOST_BYTES.get(path.suffix, -1) or path.name in _BESIDE:
            continue
        if any(folder.startswith("test") for folder in folders) or path.name.startswith("test_"):
            continue
        shows = any(folder.startswith(_SHOWING) for folder in folders)
        (showing if shows or path.suffix == ".ipynb" else others).append(member)
    # By hash: spread over the package, and the same ones each time.
    others.sort(key=lambda member: hashlib.sha256(bytes(member.path)).digest())
    return frozenset([*showing, *others[:modules]])


Read = Callable[[], IO[bytes]]
Found = tuple[Member, Read]


@contextmanager
def _opened(archive: Path) -> Iterator[Callable[[], Iterator[Found]]]:
    """Yield a function that goes through the regular files of an archive."""
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as content:
            yield lambda: _bounded(archive, _zip_members(content))
    else:
        with tarfile.open(archive, "r:*") as content:
            yield lambda: _bounded(archive, _tar_members(content))


def _zip_members(content: zipfile.ZipFile) -> Iterator[tuple[str, int, Read]]:
    for info in content.infolist():
        # Where a ZIP comes from Unix, the upper half has the mode: links are none of our files.
        if not info.is_dir() and (info.external_attr >> 28) in (0, 0o10):
            yield info.filename, info.file_size, partial(content.open, info)


def _tar_members(content: tarfile.TarFile) -> Iterator[tuple[str, int, Read]]:
    for info in content:
        if info.isreg():
            # Of a regular file it is never None.
            yield info.name, info.size, cast("Read", partial(content.extractfile, info))


def _bounded(archive: Path, members: Iterator[tuple[str, int, Read]]) -> Iterator[Found]:
    total = 0
    for number, (name, size, read) in enumerate(members):
        path = PurePosixPath(name)
        total += size
        if number >= _MOST_MEMBERS or total > _MOST_UNFOLDED:
            raise _hostile(archive, "it unfolds to more than any source distribution has")
        if path.is_absolute() or ".." in path.parts or "\\" in name or "\0" in name:
            raise _hostile(archive, "a name in it leads out of its directory")
        yield Member(path, size), read


def _hostile(archive: Path, reason: str) -> FinetuneError:
    return FinetuneError(
        f"{archive.name} is refused: {reason}.",
        "Do not install this package; take it out of the manifest of sources.",
    )
