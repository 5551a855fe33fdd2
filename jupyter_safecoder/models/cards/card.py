"""The card of a model or of an adapter, as a machine reads it: ``card.schema.json``.

What is not known of a model is ``None``: a card never guesses.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any, Literal

#: Increased when a field changes its meaning.
VERSION = 1


@dataclass(frozen=True)
class CardFile:
    """A file of a model.

    Parameters
    ----------
    name
        Its name.
    size
        Bytes; ``None``: unknown.
    sha256
        Hash in hexadecimal; ``None``: unknown.
    """

    name: str
    size: int | None
    sha256: str | None


@dataclass(frozen=True)
class Base:
    """What a model was made of.

    Parameters
    ----------
    name
        Name of the base model.
    relation
        What was done with it: as in the Hugging Face Hub's ``base_model_relation``.
    sha256
        Hash of its weights; ``None``: unknown.
    repository
        ``owner/name`` on the Hugging Face Hub; ``None``: it is not known to be there.
    """

    name: str
    relation: Literal["finetune", "quantized", "adapter"]
    sha256: str | None = None
    repository: str | None = None


@dataclass(frozen=True)
class Corpus:
    """What a model was trained on.

    Parameters
    ----------
    manifest
        Name of the file beside the card that lists the sources; ``None``: there is none.
    sha256
        Hash of the manifest or, without one, of the redacted corpus; ``None``: unknown.
    counts
        Numbers of its parts, such as documents and samples.
    """

    manifest: str | None
    sha256: str | None
    counts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Score:
    """A figure that was measured.

    Parameters
    ----------
    dataset
        What it was measured with.
    metric
        What was measured; a time ends in ``_ms``.
    value
        The figure.
    command
        The command that gives it.
    tasks
        Number of tasks; ``None``: unknown.
    served_as
        What was measured: precision, layout, and the machine where that matters.
    """

    dataset: str
    metric: str
    value: float
    command: str
    tasks: int | None = None
    served_as: str = ""


@dataclass(frozen=True)
class Probe:
    """A completion that an unaltered model gives in greedy decoding.

    Parameters
    ----------
    prompt
        Ids of a prompt.
    completion
        The ids that follow.
    """

    prompt: tuple[int, ...]
    completion: tuple[int, ...]


@dataclass(frozen=True)
class Section:
    """A part of a card for people alone, in Markdown."""

    title: str
    text: str


@dataclass(frozen=True)
class ModelCard:
    """The card of a model or of an adapter.

    Parameters
    ----------
    kind
        What it describes.
    name, summary
        The name, and what it is in a sentence or two; empty: nobody has said.
    license
        As its publisher names it; ``None``: unknown.
    base
        What it was made of.
    format
        Form of the weights: ``gguf``, ``checkpoint``, ``script`` (for tests) or ``lora``.
    architecture
        ``model_type`` of Hugging Face, and sizes under the names of its configurations.
    parameters, layers, context_window
        Numbers of weights, of layers, and of tokens of prompt and completion together.
    quantization
        Name of the types of the weights.
    family, layouts, default_layout
        FIM family, and layouts of prompts that it was trained on.
    languages
        Languages that it was made for; empty: unknown.
    files
        Its files.
    corpus
        What it was trained on.
    calibration
        ``intercept`` and ``slope`` of its confidence, measured for these files; ``None``: the
        default one is used.
    scores
        What was measured.
    training
        Settings of the training, and versions of the packages that did it.
    probe
        A completion that is known.
    limits
        What it cannot do, each in a sentence.
    sections
        Further text for people.
    """

    kind: Literal["model", "adapter"]
    name: str
    summary: str = ""
    license: str | None = None
    base: Base | None = None
    format: str | None = None
    architecture: Mapping[str, Any] = field(default_factory=dict)
    parameters: int | None = None
    layers: int | None = None
    context_window: int | None = None
    quantization: str | None = None
    family: str | None = None
    layouts: tuple[str, ...] = ()
    default_layout: str | None = None
    languages: tuple[str, ...] = ()
    files: tuple[CardFile, ...] = ()
    corpus: Corpus | None = None
    calibration: Mapping[str, float] | None = None
    scores: tuple[Score, ...] = ()
    training: Mapping[str, Any] = field(default_factory=dict)
    probe: Probe | None = None
    limits: tuple[str, ...] = ()
    sections: tuple[Section, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the card as JSON data that fits :func:`card_schema`."""
        data: dict[str, Any] = json.loads(json.dumps({"version": VERSION, **asdict(self)}))
        return data


@cache
def card_schema() -> dict[str, Any]:
    """Return the JSON Schema of a card."""
    text = files(__package__).joinpath("card.schema.json").read_text("utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema
