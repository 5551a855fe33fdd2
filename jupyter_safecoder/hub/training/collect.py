"""Reads the documents that a user's server sends to the service, without excluded cells."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from jupyter_safecoder.errors import FinetuneError, UnusableFile
from jupyter_safecoder.finetune.corpus.sources import find_sources
from jupyter_safecoder.finetune.documents import Document, read_document


def document_paths(document: Document) -> list[str]:
    """Return the paths of a document: as it was found, and where its links lead if they differ."""
    found = os.path.abspath(document.path)
    return list(dict.fromkeys([found, os.path.realpath(found)]))


def collect_documents(
    paths: Sequence[Path], progress: Callable[[float, str], None] = lambda share, text: None
) -> list[Document]:
    """Return the documents of files: without images, outputs but text, and excluded cells.

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
    documents = []
    for number, file in enumerate(files):
        progress(number / len(files), f"Reading {file.name}")
        try:
            documents.append(read_document(file))
        except UnusableFile:
            continue
    if not documents:
        raise FinetuneError(
            "There is no notebook and no Python file there that can be read.",
            "Name other directories.",
        )
    return documents
