"""Fetches the packages of a manifest, and extracts what is to be learned."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from jupyter_safecoder.downloads.package_index import fetch

from .archives import unpack
from .manifest import Manifest


def fetch_packages(
    manifest: Manifest,
    cache: Path,
    max_modules: int,
    progress: Callable[[float, str], None] = lambda share, text: None,
) -> list[Path]:
    """Return a directory for each package, in the order of the manifest.

    Parameters
    ----------
    manifest
        Names the packages; held-out ones are not fetched.
    cache
        The cache directory: packages in it are not fetched again.
    max_modules
        Maximum Python files of each package that are no examples.
    progress
        Called with the share that is done, 0 to 1, and a description of the work.

    Raises
    ------
    DownloadError
        If a package cannot be fetched, or is not the one that the manifest names.
    FinetuneError
        If an archive is damaged or malicious.
    """
    directories = []
    for number, package in enumerate(manifest.packages):
        progress(number / len(manifest.packages), f"Fetching {package.name}")
        directory = cache / "sources" / f"{package.key}-{max_modules}"
        if not directory.is_dir():
            unpack(fetch(package, "source", cache / "packages"), directory, max_modules)
        directories.append(directory)
    return directories
