"""Reads the catalogue of this product and those of a team; a team's is input from outside."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from jupyter_safecoder.errors import InvalidInput, ModelError
from jupyter_safecoder.files.toml import parse_toml
from jupyter_safecoder.postprocess import Calibration
from jupyter_safecoder.prompt import FAMILIES, LAYOUTS, Budget
from jupyter_safecoder.validation import validate

from .entry import CatalogueFile, Entry, HubPlace, PackagesPlace, Place, Quality, Speed

#: Maximum size of a catalogue: some thousand models.
_MAX_BYTES = 2 * 2**20
_FIX = "Correct it, or remove it from c.SafeCoder.catalogues (--catalogues on the command line)."


def read_catalogue(catalogues: Sequence[str] = ()) -> dict[str, Entry]:
    """Return all models by name.

    Parameters
    ----------
    catalogues
        Paths of a team's catalogues. A model of a later one replaces an earlier one of the same
        name, except a model that comes with this product.

    Raises
    ------
    ModelError
        If one of them cannot be read, or breaks a rule.
    """
    entries = dict(_shipped())
    for name in catalogues:
        path = Path(name).expanduser()
        for entry in _read_file(path):
            if entry.name in entries and not entries[entry.name].places:
                raise _invalid(path, f"its model {entry.name} has the name of the embedded model.")
            if not entry.places:
                raise _invalid(path, f"its model {entry.name} has no places.")
            entries[entry.name] = entry
    return entries


def find_entry(name: str, catalogues: Sequence[str] = ()) -> Entry | None:
    """Return a model of the catalogue, or ``None``; see :func:`read_catalogue`."""
    return read_catalogue(catalogues).get(name)


@cache
def _shipped() -> Mapping[str, Entry]:
    text = files(__package__).joinpath("catalogue.toml").read_text("utf-8")
    return {entry.name: entry for entry in parse_catalogue(text)}


def _read_file(path: Path) -> list[Entry]:
    try:
        with path.open("rb") as stream:
            content = stream.read(_MAX_BYTES + 1)
    except OSError as error:
        raise ModelError(f"The catalogue {path} cannot be read: {error.strerror}.", _FIX) from error
    if len(content) > _MAX_BYTES:
        raise _invalid(path, f"it is larger than {_MAX_BYTES // 2**20} MB.")
    try:
        return parse_catalogue(content.decode("utf-8"))
    except InvalidInput as error:
        raise _invalid(path, error.reason) from error
    # A parser's own errors quote the file, which may be any; nested tables exhaust the stack.
    except (ValueError, RecursionError) as error:
        raise _invalid(path, "it is not TOML.") from error


def parse_catalogue(text: str) -> list[Entry]:
    """Return the models of a catalogue in TOML.

    Raises
    ------
    InvalidInput
        If it breaks a rule of the schema or one below.
    ValueError
        If it is not TOML.
    """
    data = validate(catalogue_schema(), parse_toml(text), "the catalogue")
    if not _is_finite(data):
        raise InvalidInput("It has a number that is not finite.")
    entries = [_entry(model) for model in data["models"]]
    names = [entry.name for entry in entries]
    for entry in entries:
        if names.count(entry.name) > 1:
            raise InvalidInput(f"It has two models named {entry.name}.")
        _check(entry)
    return entries


@cache
def catalogue_schema() -> dict[str, Any]:
    """Return the JSON Schema of a catalogue."""
    text = files(__package__).joinpath("catalogue.schema.json").read_text("utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


def _is_finite(data: Any) -> bool:
    """Return whether no number is NaN, which is within all bounds of a schema."""
    try:
        json.dumps(data, allow_nan=False)
    except ValueError:
        return False
    return True


def _check(entry: Entry) -> None:
    """Check what the schema cannot say."""
    prefix = f"Its model {entry.name} has"
    if entry.family not in FAMILIES:
        raise InvalidInput(f"{prefix} a family that is none of: {', '.join(FAMILIES)}.")
    if not {*entry.layouts} <= {*LAYOUTS}:
        raise InvalidInput(f"{prefix} a layout that is none of: {', '.join(LAYOUTS)}.")
    if entry.default_layout not in entry.layouts:
        raise InvalidInput(f"{prefix} a default layout that is not one of its layouts.")
    paths = {file.path.casefold() for file in entry.files}
    if len(paths) < len(entry.files) or not paths.isdisjoint({"model.json", "tokenizer.json"}):
        raise InvalidInput(f"{prefix} two files of the same name, or one of a reserved name.")
    joined = any(isinstance(place, PackagesPlace) for place in entry.places)
    if joined and len(entry.files) != 1:
        raise InvalidInput(f"{prefix} packages, but not exactly one file that they are joined to.")


def _entry(model: dict[str, Any]) -> Entry:
    quality, speed = model.pop("quality", None), model.pop("speed", None)
    confidence, budget = model.pop("confidence", None), model.pop("budget", None)
    parts: dict[str, Any] = {
        "layouts": tuple(model.pop("layouts")),
        "budget": budget and Budget(**budget),
        "files": tuple(CatalogueFile(**file) for file in model.pop("files")),
        "places": tuple(_place(place) for place in model.pop("places")),
        "quality": quality and Quality(**quality),
        "speed": speed and Speed(**speed),
        "confidence": confidence and Calibration(**confidence),
    }
    return Entry(**model, **parts)


def _place(place: dict[str, Any]) -> Place:
    return PackagesPlace(**place) if "packages" in place else HubPlace(**place)


def _invalid(path: Path, reason: str) -> ModelError:
    return ModelError(f"The catalogue {path} cannot be used: {reason}", _FIX)
