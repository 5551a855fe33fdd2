"""How often each document occurs in a pass, so that no package dominates."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from jupyter_safecoder.finetune.documents import Document

from .corpus import count_samples


def sampling_weights(
    documents: Sequence[Document],
    directories: Sequence[Path],
    balance: float,
    notebook_share: float,
) -> list[float]:
    """Return how often each document should occur in a pass, so that no package dominates.

    Parameters
    ----------
    documents
        To learn.
    directories
        Of the packages.
    balance
        0: a package counts as much as it has samples; 1: each counts the same.
    notebook_share
        Of the samples, from notebooks; 0: as they come.

    Returns
    -------
    list of float
        Weights that leave the number of samples of a pass as it is.
    """
    package = {str(directory): number for number, directory in enumerate(directories)}
    groups = [
        (
            next((package[str(p)] for p in Path(document.path).parents if str(p) in package), -1),
            document.notebook,
        )
        for document in documents
    ]
    counts = [count_samples(document) for document in documents]
    held: dict[tuple[int, bool], int] = {}
    for group, count in zip(groups, counts, strict=True):
        held[group] = held.get(group, 0) + count
    weights = [max(1, held[group]) ** -balance for group in groups]
    total = sum(counts)
    kinds = {True: notebook_share, False: 1 - notebook_share} if notebook_share else {None: 1.0}
    for kind, share in kinds.items():
        chosen = [n for n, (_, notebook) in enumerate(groups) if kind in (None, notebook)]
        sampled = sum(weights[n] * counts[n] for n in chosen)
        for n in chosen:
            weights[n] *= share * total / sampled if sampled else 1.0
    return weights
