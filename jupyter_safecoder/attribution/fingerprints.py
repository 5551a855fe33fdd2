"""What an index takes from a file: its characters and its lines of code, in chunks."""

from __future__ import annotations

import io
import json
import os
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from jupyter_safecoder.languages import language_of_file, notebook_language

from .characters import codes_of_lines
from .licenses import license_tag
from .repeats import Chunked, chunked, line_hashes
from .sources import Batch, SourceFile, read_batch
from .structure import LINE_BYTES, bytes_of, code_lines


@dataclass(frozen=True)
class FilePrint:
    """What an index takes from a file.

    Parameters
    ----------
    source, path, license
        Where the file is from.
    size
        Its size in bytes.
    characters
        Its characters that count.
    lines
        The hashes of its lines of code.
    line_hashes
        Of its lines that may be common.
    root
        The directory that its path is below; empty: it is in an archive, or no file.
    """

    source: str
    path: str
    license: str
    size: int
    characters: Chunked
    lines: Chunked
    line_hashes: NDArray[np.uint32]
    root: str = ""


def batch_prints(batch: Batch) -> list[FilePrint]:
    """Return what an index takes from the files of a batch."""
    root = os.path.abspath(batch.root) if batch.root.is_dir() else ""
    return [
        replace(file_print(file, batch.source, batch.license), root=root)
        for file in read_batch(batch)
    ]


def file_print(file: SourceFile, source: str, license: str) -> FilePrint:
    """Return what an index takes from a file.

    Parameters
    ----------
    file
        The file.
    source, license
        Name and license of its source; a tag of SPDX in the file comes first.
    """
    text, language = text_of(file)
    return replace(text_print(text, language, source, file.path, license), size=len(file.content))


def text_print(text: str, language: str, source: str, path: str, license: str) -> FilePrint:
    """Return what an index takes from a text.

    Parameters
    ----------
    text, language
        The code.
    source, path, license
        Where it is from; a tag of SPDX in it comes first.
    """
    lines = ["".join(line.split()) for line in text.split("\n")]
    characters = [codes for codes in codes_of_lines(lines) if codes]
    hashes = bytes_of(code_lines(text, language)).tobytes()
    return FilePrint(
        source,
        path,
        license_tag(text) or license,
        len(text.encode("utf-8", "replace")),
        chunked(characters),
        chunked([hashes[n : n + LINE_BYTES] for n in range(0, len(hashes), LINE_BYTES)]),
        line_hashes(lines),
    )


def text_of(file: SourceFile) -> tuple[str, str]:
    """Return the code of a file, and its language; of a notebook that of its code cells."""
    if file.path.endswith(".ipynb"):
        return _notebook(file.content)
    language = language_of_file(file.path) or "text"
    encoding = "utf-8"
    if language == "python":
        try:
            encoding, _ = tokenize.detect_encoding(io.BytesIO(file.content).readline)
        except SyntaxError:
            encoding = "utf-8"
    return file.content.decode(encoding, "replace"), language


def _notebook(content: bytes) -> tuple[str, str]:
    """Return the code of a notebook; one that cannot be read has none."""
    try:
        data = json.loads(content)
        cells = list(_code_cells(data.get("cells") or data["worksheets"][0]["cells"]))
        return "\n".join(cells), notebook_language(data.get("metadata", {}))
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError):
        return "", "python"


def _code_cells(cells: list[dict[str, object]]) -> Iterator[str]:
    for cell in cells:
        if cell["cell_type"] == "code":
            source = cell.get("source", cell.get("input", ""))
            yield "".join(source) if isinstance(source, list) else str(source)
