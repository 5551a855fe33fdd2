"""The manifest of a model's sources: a base model and packages by name, version and hash."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jupyter_safecoder.downloads.package_index import Package
from jupyter_safecoder.errors import FinetuneError
from jupyter_safecoder.files.toml import read_toml


@dataclass(frozen=True)
class Base:
    """A base model: a GGUF in a package.

    Parameters
    ----------
    package
        A wheel.
    file, file_sha256
        The path of the GGUF in it, and its SHA-256.
    renamed
        Unused tokens of its vocabulary, with their new names.
    model
        The fields of ``model.json`` but for the files; see ``ModelDescription``.
    """

    package: Package
    file: str
    file_sha256: str
    renamed: dict[str, str]
    model: dict[str, Any]


@dataclass(frozen=True)
class Manifest:
    """The sources of a model.

    Parameters
    ----------
    base
        The base model.
    packages
        The packages to learn from.
    held_out
        Names of packages that are never learned from: the model is evaluated with them.
    """

    base: Base
    packages: tuple[Package, ...]
    held_out: tuple[str, ...]


def read_manifest(path: Path) -> Manifest:
    """Return the manifest of a TOML file.

    Raises
    ------
    FinetuneError
        If the file is not a manifest, or a package is both learned from and held out.
    """
    try:
        data = read_toml(path)
        base = data["base"]
        _check_names(path, [base["package"], base["model"], *data["packages"]])
        manifest = Manifest(
            Base(**{**base, "package": Package(**base["package"])}),
            tuple(Package(**package) for package in data["packages"]),
            tuple(data["held_out"]),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise FinetuneError(
            f"{path} cannot be read as a manifest of sources ({type(error).__name__}: {error}).",
            "Fix it; weights/recipe/sources.toml is an example.",
        ) from error
    held_out = {_normal(name) for name in manifest.held_out}
    for package in manifest.packages:
        if _normal(package.name) in held_out:
            raise FinetuneError(
                f"{package.name} is held out, and among the packages to learn from in {path}.",
                "Remove it from one of the two lists.",
            )
    return manifest


def _check_names(path: Path, tables: Iterable[Mapping[str, Any]]) -> None:
    """Refuse the name that a key had in version 0.1."""
    if any("licence" in table for table in tables):
        raise FinetuneError(f"'licence' in {path} is now 'license'.", "Rename it.")


def _normal(name: str) -> str:
    """Return a package's normalized name (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()
