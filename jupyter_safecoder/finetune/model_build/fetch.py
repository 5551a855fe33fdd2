"""The packages that a manifest names, brought to this machine, and how much each counts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from .archives import unpack
from .manifest import Manifest
from .packages import fetch


def fetch_packages(
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
    FinetuneError
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
