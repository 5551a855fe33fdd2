"""The sources of a model, as its ``training_data.json`` names them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from jupyter_safecoder.errors import ModelError
from jupyter_safecoder.models import resolve_model

_FILE = "training_data.json"


def has_known_sources(name: str) -> bool:
    """Return whether a model is on this disk and says what it was trained on."""
    try:
        return _file_of(name).is_file()
    except ModelError:
        return False


def fetch_sources(name: str, cache: Path, progress: Callable[[float, str], None]) -> list[Path]:
    """Return the source distributions that a model was trained on, fetched where they are missing.

    Parameters
    ----------
    name
        Name of the model.
    cache
        The cache directory.
    progress
        Called with the share that is done, 0 to 1, and a description of the work.

    Raises
    ------
    ModelError
        If the model does not say what it was trained on.
    DownloadError
        If a package cannot be fetched, or is another one.
    """
    from jupyter_safecoder.downloads.package_index import Package, fetch

    try:
        listed = json.loads(_file_of(name).read_text("utf-8"))["sources"]
        packages = [
            Package(one["package"], one["version"], one["sdist_sha256"], one["license"])
            for one in listed
        ]
    except (OSError, ValueError, KeyError, TypeError):
        raise ModelError(
            f"{name} does not say which packages it was trained on.",
            "Name the folders of its sources instead.",
        ) from None
    archives = []
    for number, package in enumerate(packages):
        progress(number / len(packages), f"Fetching {package.name}")
        archives.append(fetch(package, "source", cache / "packages"))
    return archives


def _file_of(name: str) -> Path:
    return resolve_model(name).weights.parent / _FILE
