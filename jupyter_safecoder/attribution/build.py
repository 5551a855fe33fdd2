"""Builds an index of corpora, with several processes."""

from __future__ import annotations

import json
import multiprocessing
import os
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jupyter_safecoder.errors import UnusableCorpus, UnusableIndex

from .fingerprints import FilePrint, batch_prints
from .index_file import write_index
from .repeats import Chunked, CommonLines, SeenChunks
from .sequence import SequenceWriter
from .shapes import SHAPES, Kind
from .sources import Batch, find_batches

#: Names of files that are compressed together.
NAMES_PER_BLOCK = 256


@dataclass(frozen=True)
class BuildReport:
    """What was built.

    Parameters
    ----------
    files, sources
        Number of files and of sources.
    source_bytes, index_bytes
        Size of the files and of the index.
    """

    files: int
    sources: int
    source_bytes: int
    index_bytes: int


class IndexBuilder:
    """Collects what files have, and makes the arrays of an index."""

    def __init__(self) -> None:
        self._writers = {kind: SequenceWriter(shape) for kind, shape in SHAPES.items()}
        self._seen = {kind: SeenChunks() for kind in SHAPES}
        self._ends: dict[str, list[int]] = {kind: [] for kind in SHAPES}
        self._common = CommonLines()
        self._names: list[tuple[str, str, str, int]] = []
        self._roots: dict[str, int] = {}
        #: Size of the files in bytes.
        self.source_bytes = 0

    def add(self, file: FilePrint) -> None:
        """Add a file."""
        texts: dict[Kind, Chunked] = {"verbatim": file.characters, "structure": file.lines}
        for kind, text in texts.items():
            writer = self._writers[kind]
            part = self._seen[kind].new_parts(text)
            writer.add(part)
            # Pairs of the sketch begin at even places.
            writer.add(np.zeros(len(part) % 2, np.uint8))
            self._ends[kind].append(writer.length)
        self._common.add(file.line_hashes)
        root = self._roots.setdefault(file.root, len(self._roots))
        self._names.append((file.source, file.path, file.license, root))
        self.source_bytes += file.size

    @property
    def files(self) -> int:
        """The number of files."""
        return len(self._names)

    @property
    def sources(self) -> int:
        """The number of sources."""
        return len({name[0] for name in self._names})

    @property
    def roots(self) -> list[str]:
        """The directories that the files are below; empty: archives."""
        return list(self._roots)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the arrays of the index."""
        found: dict[str, NDArray[Any]] = {}
        for kind, writer in self._writers.items():
            found |= {f"{kind} {name}": array for name, array in writer.arrays().items()}
            found[f"{kind} ends"] = np.array(self._ends[kind], "<u8")
        blocks = [
            zlib.compress(json.dumps(self._names[n : n + NAMES_PER_BLOCK]).encode(), 9)
            for n in range(0, len(self._names), NAMES_PER_BLOCK)
        ]
        found["names"] = np.frombuffer(b"".join(blocks), np.uint8)
        found["name ends"] = np.cumsum([len(block) for block in blocks]).astype("<u8")
        found["common"] = self._common.hashes()
        return found


def build_index(
    corpora: Sequence[Path],
    output: Path,
    name: str = "",
    progress: Callable[[int, int], None] = lambda done, total: None,
    stored: str = "",
) -> BuildReport:
    """Build the index of corpora, and write it.

    Parameters
    ----------
    corpora
        Folders, source files, notebooks and archives.
    output
        The file to write.
    name
        Name of the source; empty: those of the packages, or of the folders.
    progress
        Called with the bytes that were read, and with all.
    stored
        Name of the index; empty: that of the source, or of the file.

    Raises
    ------
    UnusableCorpus
        If a corpus cannot be read, or has no file of code.
    UnusableIndex
        If the file cannot be written.
    """
    batches = [batch for corpus in corpora for batch in find_batches(corpus, name)]
    total, done = sum(batch.size for batch in batches), 0
    builder = IndexBuilder()
    for batch, files in zip(batches, _prints(batches), strict=True):
        for file in files:
            builder.add(file)
        done += batch.size
        progress(done, total)
    return write_built(builder, output, stored or name or output.stem)


def write_built(builder: IndexBuilder, output: Path, name: str) -> BuildReport:
    """Write what a builder has.

    Raises
    ------
    UnusableCorpus
        If it has no file.
    UnusableIndex
        If the file cannot be written.
    """
    if not builder.files:
        raise UnusableCorpus("There is no file of code there.", "Name other folders or archives.")
    facts = {
        "name": name,
        "files": builder.files,
        "sources": builder.sources,
        "source_bytes": builder.source_bytes,
        "roots": builder.roots,
    }
    try:
        write_index(output, facts, builder.arrays())
    except OSError as error:
        raise UnusableIndex(f"{output} cannot be written: {error.strerror}.") from None
    return BuildReport(builder.files, builder.sources, builder.source_bytes, output.stat().st_size)


def process_count() -> int:
    """Return the number of processes that read files."""
    return os.cpu_count() or 1


def _prints(batches: Sequence[Batch]) -> Iterator[list[FilePrint]]:
    """Yield what the files of each batch have, in order."""
    processes = min(process_count(), len(batches))
    if processes < 2:
        yield from map(batch_prints, batches)
        return
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        yield from _bounded(pool, batches, 2 * processes)


def _bounded(pool: Any, batches: Iterable[Batch], ahead: int) -> Iterator[list[FilePrint]]:
    """Yield results in order, with few of them in memory."""
    waiting: list[Any] = []
    for batch in batches:
        waiting.append(pool.apply_async(batch_prints, (batch,)))
        if len(waiting) > ahead:
            yield waiting.pop(0).get()
    for one in waiting:
        yield one.get()
