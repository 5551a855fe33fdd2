"""Finds the source files of a corpus: in folders, in packages that are installed, and in archives.

A source is a package, or a folder that was named. ``.safecoderignore`` is read in every directory.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from jupyter_safecoder.errors import (
    DamagedArchive,
    MaliciousArchive,
    UnreadableIgnoreFile,
    UnusableCorpus,
)
from jupyter_safecoder.files.archives import (
    MemberReader,
    open_archive,
)
from jupyter_safecoder.ignore_files import IgnoreRules, rules_above, rules_in
from jupyter_safecoder.languages import language_of_file

from .licenses import (
    UNKNOWN,
    is_license_file,
    license_of_metadata,
    license_of_text,
    name_of_metadata,
)

#: Maximum size of a file in bytes.
MAX_BYTES, MAX_NOTEBOOK_BYTES = 2 * 2**20, 50 * 2**20
#: Bytes of files that one process reads before it answers.
_BATCH_BYTES = 2 * 2**20
#: Languages of data and prose.
_NO_CODE = frozenset(
    ("json", "yaml", "toml", "ini", "text", "markdown", "latex", "xml", "html", "dot", "mermaid")
)
#: Directories of tools, beside those whose names begin with a point.
_SKIPPED = frozenset(("__pycache__", "node_modules"))
_ARCHIVES = (".whl", ".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2")
_MAX_METADATA_BYTES = 2**20


@dataclass(frozen=True)
class Batch:
    """Files of one source that a process reads at once.

    Parameters
    ----------
    root
        The directory that their names are below, or the archive that they are in.
    source, license
        Name and license of the source.
    files
        Their names, with slashes.
    size
        Their size in bytes.
    """

    root: Path
    source: str
    license: str
    files: tuple[str, ...]
    size: int


@dataclass(frozen=True)
class SourceFile:
    """A file of a source: its name, and what it has."""

    path: str
    content: bytes


@dataclass
class _Open:
    """Files that wait for their batch, of one license."""

    files: list[str] = field(default_factory=list)
    size: int = 0


def is_code(path: str) -> bool:
    """Return whether a file has code, by its name."""
    if path.endswith(".ipynb"):
        return True
    language = language_of_file(path)
    return language is not None and language not in _NO_CODE


def is_archive(path: Path) -> bool:
    """Return whether a file is an archive of source files, by its name."""
    return path.name.lower().endswith(_ARCHIVES)


def find_batches(corpus: Path, name: str = "") -> Iterator[Batch]:
    """Yield the files of a corpus.

    Parameters
    ----------
    corpus
        A folder, a source file, or an archive: a wheel, a source distribution or a ZIP.
    name
        Name of the source; empty: that of the package, or of the folder.

    Raises
    ------
    UnusableCorpus
        If it does not exist, or cannot be read.
    """
    if corpus.is_dir():
        yield from _Walk(corpus, name or corpus.resolve().name).batches()
    elif corpus.is_file() and is_archive(corpus):
        yield _archive_batch(corpus, name)
    elif corpus.is_file() and is_code(corpus.name):
        source = name or corpus.resolve().parent.name
        size = corpus.stat().st_size
        yield Batch(corpus.parent, source, UNKNOWN, (corpus.name,), size)
    else:
        raise UnusableCorpus(
            f"{corpus} is no folder, no archive and no file of code.",
            "Name a folder, a notebook, a source file, a wheel, a source distribution or a ZIP.",
        )


def read_batch(batch: Batch) -> Iterator[SourceFile]:
    """Yield the files of a batch; those that cannot be read are left out.

    Raises
    ------
    UnusableCorpus
        If an archive is damaged or malicious.
    """
    if batch.root.is_dir():
        for name in batch.files:
            with suppress(OSError):
                yield SourceFile(name, (batch.root / name).read_bytes())
        return
    wanted = frozenset(batch.files)

    def read(members: Sequence[MemberReader]) -> list[SourceFile]:
        return [
            SourceFile(str(member.path), _content(member.size, opener))
            for member, opener in members
            if str(member.path) in wanted
        ]

    yield from _in_archive(batch.root, read)


def _content(size: int, opener: Callable[[], object]) -> bytes:
    with opener() as stream:  # type: ignore[attr-defined]
        return bytes(stream.read(size))


def _in_archive(
    archive: Path, function: Callable[[Sequence[MemberReader]], list[SourceFile]]
) -> list[SourceFile]:
    try:
        with open_archive(archive) as members:
            return function(members)
    except MaliciousArchive as error:
        raise UnusableCorpus(f"{archive} is refused: {error}.", "Do not use it.") from None
    except DamagedArchive as error:
        raise UnusableCorpus(f"{archive} is damaged ({error}).", "Get it again.") from None
    except OSError as error:
        raise UnusableCorpus(f"{archive} cannot be read: {error.strerror}.") from None


def _archive_batch(archive: Path, name: str) -> Batch:
    """Return the files of an archive, with the license of its metadata or license files."""
    code: list[tuple[str, int]] = []

    def read(members: Sequence[MemberReader]) -> list[SourceFile]:
        code.extend(
            (str(member.path), member.size)
            for member, _ in members
            if is_code(member.path.name) and member.size <= _max_bytes(member.path.name)
        )
        return [
            SourceFile(str(member.path), _content(member.size, opener))
            for member, opener in members
            if member.size <= _MAX_METADATA_BYTES and _is_metadata(member.path)
        ]

    found = _in_archive(archive, read)
    found.sort(key=lambda file: (file.path.count("/"), file.path))
    texts = [(file.path, file.content.decode("utf-8", "replace")) for file in found]
    metadata = [text for path, text in texts if path.endswith(("METADATA", "PKG-INFO"))]
    licenses = [
        license_of_text(text) for path, text in texts if is_license_file(path.split("/")[-1])
    ]
    named = [license_of_metadata(text) for text in metadata]
    source = name or next(filter(None, map(name_of_metadata, metadata)), "") or archive.name
    license = next(filter(None, [*named, *licenses]), UNKNOWN)
    return Batch(archive, source, license, tuple(path for path, _ in code), sum(n for _, n in code))


def _is_metadata(path: PurePosixPath) -> bool:
    is_shallow = len(path.parts) <= 3
    return is_shallow and (path.name in ("METADATA", "PKG-INFO") or is_license_file(path.name))


def _max_bytes(name: str) -> int:
    return MAX_NOTEBOOK_BYTES if name.endswith(".ipynb") else MAX_BYTES


class _Walk:
    """Walks through a folder; packages that are installed in it are sources of their own."""

    def __init__(self, root: Path, name: str) -> None:
        self._root, self._name = root, name
        self._packages = _installed_packages(root)

    def batches(self) -> Iterator[Batch]:
        """Yield the files in batches of one source and license."""
        waiting: dict[tuple[str, str], _Open] = {}
        with _readable_rules():
            above = rules_above(self._root)
        for path, size, license in self._walk(self._root, above, ""):
            relative = path.relative_to(self._root).as_posix()
            package = self._packages.get(relative.partition("/")[0])
            key = package or (self._name, license or UNKNOWN)
            one = waiting.setdefault(key, _Open())
            one.files.append(relative)
            one.size += size
            if one.size >= _BATCH_BYTES:
                yield Batch(self._root, *key, tuple(one.files), one.size)
                del waiting[key]
        for key, one in waiting.items():
            yield Batch(self._root, *key, tuple(one.files), one.size)

    def _walk(
        self, directory: Path, ignored: Sequence[IgnoreRules], license: str
    ) -> Iterator[tuple[Path, int, str]]:
        try:
            entries = sorted(os.scandir(directory), key=lambda entry: entry.name)
        except OSError:
            return
        with _readable_rules():
            rules = rules_in(directory)
        ignored = [*ignored, rules] if rules else ignored
        for entry in entries:
            if is_license_file(entry.name) and entry.is_file(follow_symlinks=False):
                license = license_of_text(_read_text(Path(entry.path))) or license
        for entry in entries:
            path = directory / entry.name
            is_directory = entry.is_dir(follow_symlinks=False)
            # A link could lead out of the folder, or in a circle.
            if not (is_directory or entry.is_file(follow_symlinks=False)):
                continue
            if any(rules.match(path, is_directory=is_directory) for rules in ignored):
                continue
            if is_directory:
                if not _is_of_a_tool(path):
                    yield from self._walk(path, ignored, license)
            elif is_code(entry.name):
                size = entry.stat().st_size
                if 0 < size <= _max_bytes(entry.name):
                    yield path, size, license


def _is_of_a_tool(directory: Path) -> bool:
    is_named_so = directory.name.startswith(".") or directory.name in _SKIPPED
    return is_named_so or os.path.exists(directory / "pyvenv.cfg")


def _installed_packages(root: Path) -> dict[str, tuple[str, str]]:
    """Return name and license of the packages in a folder, by the names that they have there."""
    found: dict[str, tuple[str, str]] = {}
    for directory in sorted(root.glob("*.dist-info")):
        metadata = _read_text(directory / "METADATA")
        name = name_of_metadata(metadata) or directory.name.partition("-")[0]
        files = sorted(directory.rglob("*")) if not license_of_metadata(metadata) else []
        texts = (license_of_text(_read_text(one)) for one in files if is_license_file(one.name))
        license = license_of_metadata(metadata) or next(filter(None, texts), UNKNOWN)
        record = _read_text(directory / "RECORD")
        tops = {line.partition(",")[0].partition("/")[0] for line in record.split("\n")}
        for top in tops - {"", "..", directory.name}:
            found.setdefault(top, (name, license))
    return found


def _read_text(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            return stream.read(_MAX_METADATA_BYTES).decode("utf-8", "replace")
    except OSError:
        return ""


@contextmanager
def _readable_rules() -> Iterator[None]:
    """Refuse a folder with a ``.safecoderignore`` that cannot be read."""
    try:
        yield
    except UnreadableIgnoreFile as error:
        raise UnusableCorpus(error.reason, error.remedy) from error
