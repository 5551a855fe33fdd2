"""What of somebody's files goes to the service: code, words and text outputs; nothing excluded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from jupyter_safecoder.errors import FinetuneError, UnusableFile
from jupyter_safecoder.finetune.corpus.sources import find_sources
from jupyter_safecoder.finetune.documents import Document, read_document

from .submission import Source


def collect_sources(
    paths: Sequence[Path], progress: Callable[[float, str], None] = lambda share, text: None
) -> list[Source]:
    """Return the files below paths without their names, pictures, and cells that are excluded.

    Parameters
    ----------
    paths
        Notebooks, Python files, and directories of them.
    progress
        Called with the share that is done, 0 to 1, and what is being done.

    Raises
    ------
    FinetuneError
        If a path does not exist, or there is nothing to read.
    """
    files, _ = find_sources(paths)
    sources = []
    for number, file in enumerate(files):
        progress(number / len(files), f"Reading {file.name}")
        try:
            document = read_document(file)
        except UnusableFile:
            continue
        # A script's cells are made of its text: there it is read again.
        text = _notebook(document) if document.notebook else file.read_text("utf-8-sig")
        sources.append(Source(file.suffix, text))
    if not sources:
        raise FinetuneError(
            "There is no notebook and no Python file there that can be read.",
            "Name other directories.",
        )
    return sources


def _notebook(document: Document) -> str:
    """Return the text of a notebook that has nothing else."""
    from nbformat import v4

    makers: dict[str, Any] = {
        "code": v4.new_code_cell,
        "markdown": v4.new_markdown_cell,
        "raw": v4.new_raw_cell,
    }
    cells = [makers[cell.type](cell.source) for cell in document.cells]
    for made, cell in zip(cells, document.cells, strict=True):
        if cell.output:
            made.outputs = [v4.new_output("stream", text=cell.output)]  # type: ignore[no-untyped-call]
    metadata = {"language_info": {"name": document.language}}
    whole = v4.new_notebook(cells=cells, metadata=metadata)  # type: ignore[no-untyped-call]
    return str(v4.writes_json(whole))  # type: ignore[no-untyped-call]
