"""General code, to see whether the model forgets and to keep it from that: Python's own library.

It is on every machine that runs this, needs no network, and no team's notebooks are in it.
"""

from __future__ import annotations

import sysconfig
from functools import cache
from pathlib import Path

from jupyter_safecoder.errors import UnusableFile
from jupyter_safecoder.finetune.documents import Document, read_document

from .quality_filter import rejection_reason

#: Bytes of a module: enough for a few cells, little enough to be read at once.
_LEAST, _MOST = 4_000, 40_000
#: Every so-manyeth module judges; the others are learned from. None does both.
_JUDGE = 5
_HOW_MANY = 120


@cache
def stdlib_documents(*, judging: bool) -> tuple[Document, ...]:
    """Return modules of the standard library, always the same for one version of Python."""
    directory = Path(sysconfig.get_paths()["stdlib"])
    modules = [
        path
        for path in sorted(directory.glob("*.py"))
        if not path.name.startswith("_") and _LEAST <= path.stat().st_size <= _MOST
    ]
    found = []
    for number, path in enumerate(modules[:_HOW_MANY]):
        if (number % _JUDGE == 0) is not judging:
            continue
        try:
            document = read_document(path)
        except UnusableFile:
            continue
        if rejection_reason(document) is None:
            found.append(document)
    return tuple(found)
