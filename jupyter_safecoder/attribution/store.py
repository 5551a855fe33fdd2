"""The indexes of a cache directory: those that were built, and those of adapters."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from .index_file import EXTENSION

#: Name of the index of an adapter's corpus, in the adapter's directory.
ADAPTER_INDEX = f"corpus{EXTENSION}"


@dataclass(frozen=True)
class StoredIndex:
    """An index in a cache directory.

    Parameters
    ----------
    name
        Name of the corpus, of the model or of the adapter.
    kind
        What it is of; of a model, if it has the model's name.
    path
        Its file.
    """

    name: str
    kind: Literal["corpus", "adapter"]
    path: Path


def index_directory(cache: Path) -> Path:
    """Return the directory of the indexes that were built."""
    return cache / "attribution"


def index_path(cache: Path, name: str) -> Path:
    """Return the file of an index by its name."""
    return index_directory(cache) / f"{name}{EXTENSION}"


def stored_indexes(cache: Path) -> list[StoredIndex]:
    """Return the indexes of a cache directory, those of corpora first."""
    corpora = sorted(index_directory(cache).glob(f"*{EXTENSION}"))
    adapters = sorted((cache / "adapters").glob(f"*/{ADAPTER_INDEX}"))
    return [
        *(StoredIndex(path.stem, "corpus", path) for path in corpora),
        *(
            StoredIndex(path.parent.name, "adapter", path)
            for path in adapters
            if not path.parent.name.startswith(".")
        ),
    ]
