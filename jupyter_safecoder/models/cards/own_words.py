"""Reads ``about.toml`` beside a model or an adapter: what its maker says that its files do not.

It is input from outside: its fields are checked against the schema of cards.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from jupyter_safecoder.errors import InvalidInput, ModelError
from jupyter_safecoder.files.toml import parse_toml
from jupyter_safecoder.models.fingerprint import hash_file
from jupyter_safecoder.validation import validate

from .card import Base, Corpus, Probe, Score, Section, card_schema

FILE = "about.toml"
_MAX_BYTES = 2**20
#: Maximum size of the list of sources.
_MAX_MANIFEST_BYTES = 64 * 2**20
#: Fields of a card that no file says.
_FIELDS = (
    *("summary", "license", "base", "corpus", "scores"),
    *("training", "probe", "limits", "sections"),
)
_FIX = "Correct it, or delete it: a card without it is shorter."


@dataclass(frozen=True)
class OwnWords:
    """The fields of a :class:`ModelCard` that only a model's maker knows."""

    summary: str = ""
    license: str | None = None
    base: Base | None = None
    corpus: Corpus | None = None
    scores: tuple[Score, ...] = ()
    training: Mapping[str, Any] = field(default_factory=dict)
    probe: Probe | None = None
    limits: tuple[str, ...] = ()
    sections: tuple[Section, ...] = ()


def read_own_words(directory: Path) -> OwnWords:
    """Return what a model's maker says; nothing if there is no such file.

    Parameters
    ----------
    directory
        The directory with the model's files.

    Raises
    ------
    ModelError
        If the file breaks a rule, or names a list of sources that cannot be read.
    """
    path = directory / FILE
    if not path.is_file():
        return OwnWords()
    try:
        with path.open("rb") as stream:
            content = stream.read(_MAX_BYTES + 1)
        if len(content) > _MAX_BYTES:
            raise InvalidInput(f"It is larger than {_MAX_BYTES // 2**20} MB.")
        return _own_words(parse_own_words(content.decode("utf-8")), directory)
    except InvalidInput as error:
        raise ModelError(f"{path} cannot be used: {error.reason}", _FIX) from error
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror}.", _FIX) from error
    # A parser's own errors quote the file, which may be any; nested tables exhaust the stack.
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{path} cannot be used: it is not TOML.", _FIX) from error


def parse_own_words(text: str) -> dict[str, Any]:
    """Return the fields of a card in TOML, checked.

    Raises
    ------
    InvalidInput
        If it breaks a rule of the schema.
    ValueError
        If it is not TOML.
    """
    data: dict[str, Any] = validate(_schema(), parse_toml(text), "a card's own words")
    try:
        json.dumps(data, allow_nan=False)
    except (ValueError, TypeError):
        raise InvalidInput("It has a date, or a number that is not finite.") from None
    return data


def _own_words(data: dict[str, Any], directory: Path) -> OwnWords:
    base, probe = data.get("base"), data.get("probe")
    return OwnWords(
        summary=data.get("summary", "").strip(),
        license=data.get("license"),
        base=base and Base(**base),
        corpus=_corpus(data["corpus"], directory) if "corpus" in data else None,
        scores=tuple(Score(**score) for score in data.get("scores", ())),
        training=data.get("training", {}),
        probe=probe and Probe(**{name: tuple(ids) for name, ids in probe.items()}),
        limits=tuple(data.get("limits", ())),
        sections=tuple(
            Section(one["title"], one["text"].strip()) for one in data.get("sections", ())
        ),
    )


def _corpus(data: Mapping[str, Any], directory: Path) -> Corpus:
    name = data.get("manifest")
    counts = data.get("counts", {})
    if name is None:
        return Corpus(None, data.get("sha256"), counts)
    path = directory / name
    if Path(name).name != name or name in ("", ".."):
        raise InvalidInput("Its manifest is in another directory.")
    if not path.is_file() or path.stat().st_size > _MAX_MANIFEST_BYTES:
        raise InvalidInput(f"Its manifest {name} is missing or too large.")
    return Corpus(name, hash_file(path), counts or _counts(path))


def _counts(manifest: Path) -> dict[str, int]:
    """Return the sums of a list of sources: packages, and each number that they have."""
    try:
        sources = json.loads(manifest.read_text("utf-8"))["sources"]
        names = dict.fromkeys(n for one in sources for n, v in one.items() if type(v) is int)
        sums = {name: sum(int(one.get(name, 0)) for one in sources) for name in names}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}
    return {"sources": len(sources), **sums}


@cache
def _schema() -> dict[str, Any]:
    card = card_schema()
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {name: card["properties"][name] for name in _FIELDS},
        "definitions": card["definitions"],
    }
