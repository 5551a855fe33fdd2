"""General code from Python's standard library, against forgetting: to learn from and to evaluate.

It is on every machine that runs this package, needs no download, and has no team's notebooks.
"""

from __future__ import annotations

import sysconfig
from functools import cache
from pathlib import Path
from typing import Literal

from jupyter_safecoder.errors import UnusableFile
from jupyter_safecoder.finetune.documents import Document, read_document

from .quality_filter import rejection_reason

#: Bytes of a module: enough for a few cells, little enough to be read at once.
_MIN_BYTES, _MAX_BYTES = 4_000, 40_000
#: One module of so many is for evaluation; the others are for training.
_EVAL_EVERY = 5
_MAX_MODULES = 120


@cache
def stdlib_documents(split: Literal["train", "eval"]) -> tuple[Document, ...]:
    """Return modules of the standard library, always the same for one version of Python.

    Parameters
    ----------
    split
        ``train`` or ``eval``: no module is in both.
    """
    directory = Path(sysconfig.get_paths()["stdlib"])
    modules = [
        path
        for path in sorted(directory.glob("*.py"))
        if not path.name.startswith("_") and _MIN_BYTES <= path.stat().st_size <= _MAX_BYTES
    ]
    found = []
    for number, path in enumerate(modules[:_MAX_MODULES]):
        if (number % _EVAL_EVERY == 0) is not (split == "eval"):
            continue
        try:
            document = read_document(path)
        except UnusableFile:
            continue
        if rejection_reason(document) is None:
            found.append(document)
    return tuple(found)
