"""Describes what a notebook's project knows: its modules, and snippets of other documents."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping, Sequence

from jupyter_safecoder.protocol import Excerpt
from jupyter_safecoder.secrets import find_secrets, redact

from .documents import Document, read_document
from .local_modules import describe_modules, normal_path
from .outline import Outline
from .signatures import read_outline
from .snippets import pick_snippets

#: Lines in front of the current cell that snippets are compared with, if it has fewer.
_MIN_LINES = 20
#: Directories above the notebook's in which files may be.
_MAX_ABOVE = 8


def describe_files(
    cells: Sequence[str], current: str, files: Sequence[Mapping[str, str]]
) -> tuple[list[Excerpt], list[Excerpt]]:
    """Return the excerpts of files that are in memory.

    Parameters
    ----------
    cells
        Sources of the code cells above the current one, in notebook order.
    current
        The current cell at rest: as it was when the cursor entered it.
    files
        Objects with the ``path`` of a file, relative to the notebook's directory, and its
        ``source``; of a notebook that is its JSON.

    Returns
    -------
    tuple
        The modules that the notebook imports, as stubs, and the snippets of the other files, the
        best first.
    """
    # Below directories of no name, so that ``..`` stays inside.
    directory = "/".join(["_"] * _MAX_ABOVE)
    sources = {
        normal_path(posixpath.join(directory, one["path"])): (one["path"], one["source"])
        for one in files
    }

    def read(path: str) -> Outline | None:
        if path not in sources or not path.endswith(".py"):
            return None
        return read_outline(sources[path][1])

    modules = [
        Excerpt(sources[module.path][0], without_secrets(module.text))
        for module in describe_modules([*cells, current], read, directory=directory)
    ]
    imported = {module.path for module in modules}
    documents = [
        document
        for path, source in sources.values()
        if path not in imported and (document := read_document(path, source)) is not None
    ]
    return modules, describe_documents(cells, current, documents)


def describe_documents(
    cells: Sequence[str], current: str, documents: Sequence[Document]
) -> list[Excerpt]:
    """Return the snippets of documents that share most with the lines near the cursor.

    Parameters
    ----------
    cells, current
        As for :func:`describe_files`.
    documents
        Other documents, those that count more first.
    """
    picked = pick_snippets(lines_at_hand(cells, current), documents, known=cells)
    return [Excerpt(one.path, without_secrets(one.text)) for one in picked]


def lines_at_hand(cells: Sequence[str], current: str) -> list[str]:
    """Return the lines of the current cell, and before them some of the cells above it."""
    lines = [line for line in current.split("\n") if line.strip()]
    for cell in reversed(cells):
        if len(lines) >= _MIN_LINES:
            break
        above = [line for line in cell.split("\n") if line.strip()]
        lines = [*above[len(lines) - _MIN_LINES :], *lines]
    return lines


def without_secrets(text: str) -> str:
    """Return a text with placeholders for its passwords, keys and personal data."""
    return redact(text, find_secrets(text, code=True))
