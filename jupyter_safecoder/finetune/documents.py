"""Reads notebooks and scripts as documents: sequences of cells."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, replace
from pathlib import Path

from jupyter_safecoder.errors import NotebookError, UnusableFile
from jupyter_safecoder.notebooks import read_tagged_cells
from jupyter_safecoder.protocol import Cell

#: Cells with this tag are left out of every corpus.
EXCLUDED_TAG = "safecoder-ignore"
#: Much more of an output than a prompt takes, so that no secret in it is cut in two.
_MAX_OUTPUT_CHARACTERS = 4000
#: Maximum lines of a script's cell, unless a statement is longer.
_MAX_CELL_LINES = 24
_PERCENT = re.compile(r"^#\s*%%(?P<title>.*)$", re.MULTILINE)


@dataclass(frozen=True)
class Document:
    """A notebook or a script.

    Parameters
    ----------
    path
        Its file.
    cells
        Its cells, without those that are excluded by tag.
    numbers
        The index of each cell in the file, counted from 0.
    language
        The programming language of its code cells.
    notebook
        Whether it is a notebook.
    excluded
        Number of cells that are excluded by tag.
    """

    path: str
    cells: tuple[Cell, ...]
    numbers: tuple[int, ...]
    language: str
    notebook: bool
    excluded: int = 0


def read_document(path: Path) -> Document:
    """Return the document of a file.

    The cells of a script are those of its percent format, or else runs of top-level statements.

    Raises
    ------
    UnusableFile
        If it cannot be read as a notebook or as Python code.
    """
    if path.suffix == ".ipynb":
        try:
            tagged, language = read_tagged_cells(path)
        except NotebookError:
            raise UnusableFile("not a notebook that can be read") from None
        kept = [
            (n, replace(cell, output=cell.output[:_MAX_OUTPUT_CHARACTERS]))
            for n, (cell, tags) in enumerate(tagged)
            if EXCLUDED_TAG not in tags
        ]
        numbers, cells = zip(*kept, strict=True) if kept else ((), ())
        return Document(
            str(path), cells, numbers, language, notebook=True, excluded=len(tagged) - len(kept)
        )
    try:
        text = path.read_text("utf-8-sig")
        tree = ast.parse(text)
    except (UnicodeDecodeError, ValueError, SyntaxError, RecursionError, MemoryError):
        raise UnusableFile("not code that Python can read") from None
    except OSError as error:
        raise UnusableFile(f"cannot be read: {error.strerror}") from None
    titles = list(_PERCENT.finditer(text))
    parts = _percent_cells(text, titles) if titles else _statement_cells(text, tree)
    return Document(str(path), tuple(parts), tuple(range(len(parts))), "python", notebook=False)


def _percent_cells(text: str, titles: list[re.Match[str]]) -> list[Cell]:
    cells = [Cell("code", text[: titles[0].start()].strip("\n"))]
    stops = [title.start() for title in titles[1:]] + [len(text)]
    for title, stop in zip(titles, stops, strict=True):
        body = text[title.end() : stop].strip("\n")
        if "[markdown]" in title["title"]:
            cells.append(Cell("markdown", re.sub(r"^# ?", "", body, flags=re.MULTILINE)))
        else:
            cells.append(Cell("code", body))
    return [cell for cell in cells if cell.source.strip()]


def _statement_cells(text: str, tree: ast.Module) -> list[Cell]:
    lines = text.split("\n")
    # Comments and decorators belong to the statement below them.
    stops = [statement.end_lineno or 0 for statement in tree.body]
    cells, start, stop = [], 0, 0
    for following in [*stops, len(lines)]:
        if following - start > _MAX_CELL_LINES and stop > start:
            cells.append("\n".join(lines[start:stop]))
            start = stop
        stop = following
    cells.append("\n".join(lines[start:stop]))
    return [Cell("code", cell.strip("\n")) for cell in cells if cell.strip()]
