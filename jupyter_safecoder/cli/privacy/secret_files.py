"""Searches files for secrets: notebooks, scripts and other text."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from jupyter_safecoder.errors import UnusableFile
from jupyter_safecoder.files.python_source import decode_python
from jupyter_safecoder.notebooks import read_cells_with_outputs
from jupyter_safecoder.protocol import Cell
from jupyter_safecoder.secrets import MAX_CHARACTERS, PLACEHOLDERS, findings, is_too_large

#: What is left out and why.
TOO_LARGE = "too large: left out"
_CODE = frozenset({".py", ".pyw", ".ipy"})


@dataclass(frozen=True)
class FoundSecret:
    """Where a secret is in a file.

    Parameters
    ----------
    cell
        Index of the cell, from 0; ``None`` in a file that is no notebook.
    line
        Line of the cell, or of the file, from 1. The lines of a cell's outputs follow those of its
        source.
    kind
        What it is.
    start, end
        Columns, in characters from 0.
    """

    cell: int | None
    line: int
    kind: str
    start: int
    end: int


@dataclass(frozen=True)
class ScannedFile:
    """The secrets of a file, its number of lines, and what was too large to be searched."""

    path: Path
    found: tuple[FoundSecret, ...]
    lines: int
    left_out: tuple[tuple[int | None, str], ...]


def scan_file(path: Path, placeholders: Collection[str] = PLACEHOLDERS) -> ScannedFile:
    """Return where a file has secrets.

    Parameters
    ----------
    path
        A notebook (``.ipynb``), or a text file.
    placeholders
        Only what these replace.

    Raises
    ------
    NotebookError
        If a notebook cannot be read.
    UnusableFile
        If another file cannot be read, or is not text in UTF-8.
    """
    if path.suffix == ".ipynb":
        return _scan_notebook(path, placeholders)
    try:
        content = path.read_bytes()
        text = decode_python(content) if path.suffix in _CODE else content.decode("utf-8-sig")
    except OSError as error:
        raise UnusableFile(f"{path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise UnusableFile(f"{path} is not text in UTF-8.") from None
    except UnusableFile as error:
        raise UnusableFile(f"{path} {error.reason}.", error.remedy) from None
    kind: Literal["code", "raw"] = "code" if path.suffix in _CODE else "raw"
    cells = [Cell(kind, block) for block in _blocks(text)]
    first_lines = [0]
    for cell in cells:
        first_lines.append(first_lines[-1] + cell.source.count("\n") + 1)
    found = (
        FoundSecret(None, first_lines[one.cell] + one.line, one.kind, one.start, one.end)
        for one in findings(cells, placeholders)
    )
    left_out = [(None, TOO_LARGE) for cell in cells if is_too_large(cell)]
    return ScannedFile(
        path, tuple(found), _number_of_lines(text.removesuffix("\n")), tuple(left_out)
    )


def _scan_notebook(path: Path, placeholders: Collection[str]) -> ScannedFile:
    cells = read_cells_with_outputs(path)
    found = (FoundSecret(**vars(one)) for one in findings(cells, placeholders))
    left_out = [(index, TOO_LARGE) for index, cell in enumerate(cells) if is_too_large(cell)]
    lines = sum(_number_of_lines(cell.source) + _number_of_lines(cell.output) for cell in cells)
    return ScannedFile(path, tuple(found), lines, tuple(left_out))


def _number_of_lines(text: str) -> int:
    return text.count("\n") + 1 if text else 0


def _blocks(text: str) -> Iterator[str]:
    """Yield the lines of a text in blocks that can be searched."""
    start = 0
    while len(text) - start > MAX_CHARACTERS:
        end = text.rfind("\n", start, start + MAX_CHARACTERS)
        # A line that is too large is a block of its own, and left out.
        end = text.find("\n", start) if end < 0 else end
        if end < 0:
            break
        yield text[start:end]
        start = end + 1
    yield text[start:]
