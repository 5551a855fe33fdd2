"""Weights that keep the number of samples, whatever the mix."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from jupyter_safecoder.finetune.corpus.corpus import count_samples
from jupyter_safecoder.finetune.corpus.sampling_weights import sampling_weights
from jupyter_safecoder.finetune.documents import Document
from jupyter_safecoder.protocol import Cell

DIRECTORIES = [Path("/large"), Path("/small")]


def document(path: str, characters: int) -> Document:
    cells = (Cell("code", "x" * characters),)
    return Document(path, cells, (0,), "python", notebook=path.endswith(".ipynb"))


DOCUMENTS = [
    *(document(f"/large/{n}.ipynb", 600) for n in range(9)),
    *(document(f"/large/{n}.py", 300) for n in range(3)),
    *(document(f"/small/{n}.ipynb", 600) for n in range(3)),
    document("/small/0.py", 300),
]
COUNTS = [count_samples(document) for document in DOCUMENTS]


def share(temperature: float, notebook_share: float, **wanted: Any) -> float:
    """Return the share of samples of the documents that are wanted."""
    weights = sampling_weights(DOCUMENTS, DIRECTORIES, temperature, notebook_share)
    assert sum(w * n for w, n in zip(weights, COUNTS, strict=True)) == pytest.approx(sum(COUNTS))
    chosen = [all(getattr(d, name) == value for name, value in wanted.items()) for d in DOCUMENTS]
    parts = zip(weights, COUNTS, chosen, strict=True)
    return sum(w * n for w, n, is_wanted in parts if is_wanted) / sum(COUNTS)


def share_of(package: str, temperature: float) -> float:
    weights = sampling_weights(DOCUMENTS, DIRECTORIES, temperature, 0.0)
    parts = zip(DOCUMENTS, weights, COUNTS, strict=True)
    return sum(w * n for d, w, n in parts if d.path.startswith(package)) / sum(COUNTS)


def test_notebooks_get_their_share() -> None:
    assert share(2.0, 0.6, notebook=True) == pytest.approx(0.6)
    assert share(1.0, 0.0, notebook=True) == pytest.approx(
        sum(n for n, d in zip(COUNTS, DOCUMENTS, strict=True) if d.notebook) / sum(COUNTS)
    )


def test_a_higher_temperature_evens_packages_out() -> None:
    own = [
        sum(n for n, d in zip(COUNTS, DOCUMENTS, strict=True) if d.path.startswith(p))
        for p in ("/large", "/small")
    ]
    assert share_of("/large", 1.0) == pytest.approx(own[0] / sum(own))
    assert own[0] / sum(own) > share_of("/large", 2.0) > share_of("/large", 100.0)


def test_with_an_infinite_temperature_each_group_counts_the_same() -> None:
    # A group is the notebooks or the scripts of a package.
    weights = sampling_weights(DOCUMENTS, DIRECTORIES, math.inf, 0.0)
    groups: dict[tuple[str, bool], float] = {}
    for one, weight, count in zip(DOCUMENTS, weights, COUNTS, strict=True):
        key = (one.path[:6], one.notebook)
        groups[key] = groups.get(key, 0.0) + weight * count
    assert len(groups) == 4
    assert list(groups.values()) == pytest.approx([sum(COUNTS) / 4] * 4)
    assert weights[-1] > weights[0]


def test_a_document_of_no_package() -> None:
    assert sampling_weights([document("/other/a.py", 600)], DIRECTORIES, 2.0, 0.0) == [1.0]
