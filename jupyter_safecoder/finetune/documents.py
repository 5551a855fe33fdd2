"""Reads notebooks and scripts as documents: sequences of cells."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from jupyter_safecoder.errors import InvalidInput, NotebookError, UnusableFile
from jupyter_safecoder.files import write_text
from jupyter_safecoder.files.python_source import decode_python
from jupyter_safecoder.notebooks import OFF_TAG, read_tagged_cells
from jupyter_safecoder.protocol import Cell
from jupyter_safecoder.validation import validate

#: Name of a file of documents that are read already: how a Hub's service gets them.
DOCUMENTS_FILE = "documents.json"
#: Cells with this tag are left out of every corpus, as those with :data:`.OFF_TAG` are.
EXCLUDED_TAG = "safecoder-ignore"
#: Much more of an output than a prompt takes, so that no secret in it is cut in two.
_MAX_OUTPUT_CHARACTERS = 4000
#: Maximum lines of a script's cell, unless a statement is longer.
_MAX_CELL_LINES = 24
_SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "required": ["language", "notebook", "cells"],
    "properties": {
        "language": {"type": "string"},
        "notebook": {"type": "boolean"},
        "cells": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["type", "source", "output"],
                "properties": {
                    "type": {"enum": ["code", "markdown", "raw"]},
                    "source": {"type": "string"},
                    "output": {"type": "string"},
                },
            },
        },
    },
}
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

    @property
    def code(self) -> str:
        """The text of the code cells."""
        return "\n".join(cell.source for cell in self.cells if cell.type == "code")

    def to_json(self) -> dict[str, Any]:
        """Return the document as a JSON object, without its path."""
        return {
            "language": self.language,
            "notebook": self.notebook,
            "cells": [asdict(cell) for cell in self.cells],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any], path: str) -> Document:
        """Return the document of a JSON object.

        Parameters
        ----------
        data
            As :meth:`to_json` returns it.
        path
            Identifies the document in reports.

        Raises
        ------
        InvalidInput
            If it is not such an object.
        """
        validate(_SCHEMA, data, "the document")
        cells = tuple(
            Cell(
                cell["type"],
                _encodable(cell["source"]),
                _encodable(cell["output"][:_MAX_OUTPUT_CHARACTERS]),
            )
            for cell in data["cells"]
        )
        numbers = tuple(range(len(cells)))
        return cls(path, cells, numbers, data["language"], data["notebook"])


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
            if not tags & {EXCLUDED_TAG, OFF_TAG}
        ]
        numbers, cells = zip(*kept, strict=True) if kept else ((), ())
        return Document(
            str(path), cells, numbers, language, notebook=True, excluded=len(tagged) - len(kept)
        )
    try:
        text = decode_python(path.read_bytes())
        tree = ast.parse(text)
    except UnusableFile:
        raise
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        raise UnusableFile("not code that Python can read") from None
    except OSError as error:
        raise UnusableFile(f"cannot be read: {error.strerror}") from None
    titles = list(_PERCENT.finditer(text))
    parts = _percent_cells(text, titles) if titles else _statement_cells(text, tree)
    return Document(str(path), tuple(parts), tuple(range(len(parts))), "python", notebook=False)


def write_documents_file(path: Path, documents: Sequence[Document]) -> None:
    """Write documents to a file that only its owner may read.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    write_text(path, json.dumps([document.to_json() for document in documents]))


def read_documents_file(path: Path) -> list[Document]:
    """Return the documents of a file that :func:`write_documents_file` wrote.

    Raises
    ------
    UnusableFile
        If it is not such a file.
    """
    try:
        found = json.loads(path.read_text("utf-8"))
        validate({"type": "array"}, found, "the file")
        return [Document.from_json(one, f"{path}#{n}") for n, one in enumerate(found)]
    except OSError as error:
        raise UnusableFile(f"cannot be read: {error.strerror}") from None
    except (InvalidInput, ValueError, RecursionError):
        raise UnusableFile("not a file of documents") from None


def _encodable(text: str) -> str:
    """Return a text without lone surrogates, which JSON can carry and UTF-8 cannot."""
    return text.encode("utf-8", "replace").decode()


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
