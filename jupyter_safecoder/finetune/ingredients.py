"""The packages that a manifest names, brought to this machine, and how much each counts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from .archives import unpack
from .corpus import count_samples
from .documents import Document
from .manifest import Manifest
from .packages import fetch


def gather(
    manifest: Manifest,
    cache: Path,
    modules: int,
    progress: Callable[[float, str], None] = lambda share, text: None,
) -> list[Path]:
    """Return a directory for each package, in the order of the manifest.

    Parameters
    ----------
    manifest
        What to fetch; held-out packages are not.
    cache
        The cache directory: what is there is not fetched again.
    modules
        Files of each package to take beside its notebooks and examples.
    progress
        Called with the share that is done, 0 to 1, and what is being done.

    Raises
    ------
    FinetuneProblem
        If something cannot be had, or is not what the manifest names.
    """
    directories = []
    for number, package in enumerate(manifest.packages):
        progress(number / len(manifest.packages), f"Fetching {package.name}")
        directory = cache / "sources" / f"{package.key}-{modules}"
        if not directory.is_dir():
            unpack(fetch(package, "source", cache / "packages"), directory, modules)
        directories.append(directory)
    return directories


def weigh(
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
