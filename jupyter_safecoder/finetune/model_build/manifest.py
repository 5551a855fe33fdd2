"""What a model is made of: a base and packages by name, version and hash, in a TOML file."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from jupyter_safecoder.errors import FinetuneError

#: Names and versions become names of directories: these are all that packages have.
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+!]*")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Package:
    """A file of a package index; ``sha256`` is that of the file, in hexadecimal."""

    name: str
    version: str
    license: str
    sha256: str

    def __post_init__(self) -> None:
        for value, form in (
            (self.name, _NAME),
            (self.version, _VERSION),
            (self.sha256, _SHA256),
        ):
            if not form.fullmatch(value):
                raise ValueError(f"{value!r} of {self.name!r}")

    @property
    def key(self) -> str:
        """Name, version and hash, as the name of a file or directory."""
        return f"{self.name}-{self.version}-{self.sha256[:12]}"


@dataclass(frozen=True)
class Base:
    """A GGUF within a package, and what becomes of it.

    Parameters
    ----------
    package
        A wheel.
    file, file_sha256
        The GGUF's name in it, and its hash.
    renamed
        Tokens of its vocabulary that nothing uses, and their new names.
    model
        What ``model.json`` says of the model beside its files; see ``ModelDescription``.
    """

    package: Package
    file: str
    file_sha256: str
    renamed: dict[str, str]
    model: dict[str, Any]


@dataclass(frozen=True)
class Manifest:
    """A base, and packages to learn from; ``held_out`` are never learned from."""

    base: Base
    packages: tuple[Package, ...]
    held_out: tuple[str, ...]


def read_manifest(path: Path) -> Manifest:
    """Return the manifest of a TOML file.

    Raises
    ------
    FinetuneError
        If the file is none, or a package is learned from that is held out.
    """
    tomllib = import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")
    try:
        data = tomllib.loads(path.read_text("utf-8"))
        base = data["base"]
        manifest = Manifest(
            Base(**{**base, "package": Package(**base["package"])}),
            tuple(Package(**package) for package in data["packages"]),
            tuple(data["held_out"]),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise FinetuneError(
            f"{path} cannot be read as a manifest of sources ({type(error).__name__}: {error}).",
            "Mend it; weights/recipe/sources.toml is an example.",
        ) from error
    held_out = {_normal(name) for name in manifest.held_out}
    for package in manifest.packages:
        if _normal(package.name) in held_out:
            raise FinetuneError(
                f"{package.name} is held out, and among the packages to learn from in {path}.",
                "Take it out of one of the two lists.",
            )
    return manifest


def _normal(name: str) -> str:
    """Return a package's name as indexes compare it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()
