"""The models of the catalogue on this disk, each in a directory that is complete or absent.

``<cache>/models/NAME/`` has the files of a model, its tokenizer and ``model.json``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from jupyter_safecoder.errors import ModelError
from jupyter_safecoder.models.description import ModelDescription, read_description

#: As the schema of catalogues allows names.
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_FOLDER = "models"


def is_model_name(name: str) -> bool:
    """Return whether a model of a catalogue may have this name: it is never a path."""
    return _NAME.fullmatch(name) is not None


def model_directory(cache: Path, name: str) -> Path:
    """Return the directory of a model of the catalogue, which need not exist.

    Raises
    ------
    ValueError
        If no model may have this name.
    """
    if not is_model_name(name):
        raise ValueError(f"{name!r} is not the name of a model")
    return cache / _FOLDER / name


def is_installed(cache: Path, name: str) -> bool:
    """Return whether a model of the catalogue is on this disk, complete."""
    return is_model_name(name) and (model_directory(cache, name) / "model.json").is_file()


def find_installed(cache: Path, name: str) -> ModelDescription | None:
    """Return the description of a model of the catalogue, if it is on this disk.

    Raises
    ------
    ModelError
        If it is, but its description cannot be read.
    """
    return read_description(model_directory(cache, name)) if is_installed(cache, name) else None


def installed_models(cache: Path) -> Iterator[ModelDescription]:
    """Yield the models of the catalogue on this disk whose description can be read, by name."""
    for path in sorted((cache / _FOLDER).glob("[!.]*/model.json")):
        try:
            yield read_description(path.parent)
        except ModelError:
            continue  # 'model show' reports why
