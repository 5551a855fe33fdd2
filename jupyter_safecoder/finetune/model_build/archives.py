"""Extracts notebooks and Python files from archives of packages, which are not trusted.

Only regular files are written, under names that were checked; links, devices, modes and owners of
an archive are ignored.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from jupyter_safecoder.errors import DamagedArchive, FinetuneError, MaliciousArchive
from jupyter_safecoder.files import atomic_directory, make_directory
from jupyter_safecoder.files.archives import (
    Member,
    Read,
    open_archive,
)
from jupyter_safecoder.finetune.corpus.sources import MAX_BYTES

#: Bytes that are copied at a time.
_CHUNK_BYTES = 2**16
#: Prefixes of directories whose scripts show how a package is used.
_EXAMPLES = ("example", "galler", "tutorial", "demo", "doc", "notebook")
#: Files that configure tools.
_TOOL_FILES = ("setup.py", "conftest.py", "conf.py")


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
        with open_archive(archive) as members, atomic_directory(target) as directory:
            chosen = choose([member for member, _ in members], max_modules)
            paths = {member.path for member in chosen}
            if any(parent in paths for path in paths for parent in path.parents):
                raise MaliciousArchive("a file and a directory in it have one name")
            for member, read in members:
                if member in chosen:
                    _extract(member, read, directory / member.path)
    except MaliciousArchive as error:
        raise FinetuneError(
            f"{archive.name} is refused: {error}.",
            "Do not install this package; remove it from the manifest of sources.",
        ) from None
    except DamagedArchive as error:
        raise FinetuneError(
            f"{archive.name} is damaged ({error}).", "Delete it: it is then fetched again."
        ) from error


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
