"""A notebook or a script as cells, whatever it was on the disk."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, replace
from pathlib import Path

from jupyter_safecoder.errors import NotebookError, UnusableFile
from jupyter_safecoder.notebooks import read_tagged_cells
from jupyter_safecoder.protocol import Cell

#: A cell with this tag is in no corpus.
EXCLUDING_TAG = "safecoder-ignore"
#: Of an output: much more than a prompt takes, so that no secret in it is cut in two.
_OUTPUT_CHARACTERS = 4000
#: Lines of a script that become one cell, unless one of its statements is longer.
_LINES_PER_CELL = 24
_PERCENT = re.compile(r"^#\s*%%(?P<title>.*)$", re.MULTILINE)


@dataclass(frozen=True)
class Document:
    """A text of the corpus; ``numbers`` are its cells' places in the file, counted from 0."""

    path: str
    cells: tuple[Cell, ...]
    numbers: tuple[int, ...]
    language: str
    notebook: bool
    excluded: int = 0


def read_document(path: Path) -> Document:
    """Return the cells of a file.

    A script in percent format has the cells that it says, any other has runs of whole top-level
    statements.

    Raises
    ------
    Unusable
        If the file is not what its name says.
    """
    if path.suffix == ".ipynb":
        try:
            tagged, language = read_tagged_cells(path)
        except NotebookError:
            raise UnusableFile("not a notebook that can be read") from None
        kept = [
            (n, replace(cell, output=cell.output[:_OUTPUT_CHARACTERS]))
            for n, (cell, tags) in enumerate(tagged)
            if EXCLUDING_TAG not in tags
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
    marked = list(_PERCENT.finditer(text))
    parts = _percent_cells(text, marked) if marked else _statement_cells(text, tree)
    return Document(str(path), tuple(parts), tuple(range(len(parts))), "python", notebook=False)


def _percent_cells(text: str, marks: list[re.Match[str]]) -> list[Cell]:
    cells = [Cell("code", text[: marks[0].start()].strip("\n"))]
    ends = [mark.start() for mark in marks[1:]] + [len(text)]
    for mark, end in zip(marks, ends, strict=True):
        body = text[mark.end() : end].strip("\n")
        if "[markdown]" in mark["title"]:
            cells.append(Cell("markdown", re.sub(r"^# ?", "", body, flags=re.MULTILINE)))
        else:
            cells.append(Cell("code", body))
    return [cell for cell in cells if cell.source.strip()]


def _statement_cells(text: str, tree: ast.Module) -> list[Cell]:
    lines = text.split("\n")
    # A statement takes the comments and decorators above it along.
    ends = [statement.end_lineno or 0 for statement in tree.body]
    cells, start, end = [], 0, 0
    for following in [*ends, len(lines)]:
        if following - start > _LINES_PER_CELL and end > start:
            cells.append("\n".join(lines[start:end]))
            start = end
        end = following
    cells.append("\n".join(lines[start:end]))
    return [Cell("code", cell.strip("\n")) for cell in cells if cell.strip()]
