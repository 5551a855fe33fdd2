"""How often each document occurs in an epoch, so that no package dominates."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from jupyter_safecoder.finetune.documents import Document

from .corpus import count_samples

#: The package of a document, and whether it is a notebook.
_Group = tuple[int, bool]


def sampling_weights(
    documents: Sequence[Document],
    directories: Sequence[Path],
    temperature: float,
    notebook_share: float,
) -> list[float]:
    """Return how often each document should occur in an epoch.

    Parameters
    ----------
    documents
        The documents to learn from.
    directories
        The directories of the packages.
    temperature
        Of the mixing rates (Raffel et al. 2020, arXiv:1910.10683, section 3.5.2): with 1 a package
        counts in proportion to its samples, with 2 to their square root, with infinity each package
        counts the same.
    notebook_share
        The share of samples that come from notebooks; 0: as they are.

    Returns
    -------
    list of float
        Weights that keep the number of samples of an epoch.
    """
    package = {str(directory): number for number, directory in enumerate(directories)}
    groups: list[_Group] = [
        (
            next((package[str(p)] for p in Path(document.path).parents if str(p) in package), -1),
            document.notebook,
        )
        for document in documents
    ]
    counts = [count_samples(document) for document in documents]
    group_sizes: Counter[_Group] = Counter()
    for group, count in zip(groups, counts, strict=True):
        group_sizes[group] += count
    # A package's rate is its size to the power of 1/T; a document's weight is that over the size.
    weights = [max(1, group_sizes[group]) ** (1 / temperature - 1) for group in groups]
    total = sum(counts)
    shares = {True: notebook_share, False: 1 - notebook_share} if notebook_share else {None: 1.0}
    for kind, share in shares.items():
        chosen = [n for n, (_, notebook) in enumerate(groups) if kind in (None, notebook)]
        sampled = sum(weights[n] * counts[n] for n in chosen)
        for n in chosen:
            weights[n] *= share * total / sampled if sampled else 1.0
    return weights
