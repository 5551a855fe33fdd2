"""The card of an adapter in the form that models and adapters share."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from pathlib import Path

from jupyter_safecoder.errors import FinetuneError, ModelError
from jupyter_safecoder.models.cards import Base, CardFile, Corpus, ModelCard, OwnWords, Score
from jupyter_safecoder.models.safetensors import read_shapes

from .card import Card
from .peft_files import WEIGHTS, read_config

_NO_WORDS = OwnWords()
#: What ``finetune`` evaluates an adapter with, by its name there.
_DATASETS = {"held_out": "held-out documents of the corpus", "general": "general code"}
_COMMAND = "jupyter safecoder finetune"
#: Scores and losses are smaller; comparing with it refuses what is not finite, too.
_MAX_SCORE = 1e15
_SHA256 = re.compile(r"[0-9a-f]{64}")


def card_of_adapter(
    card: Card, directory: Path | None = None, words: OwnWords = _NO_WORDS
) -> ModelCard:
    """Return the card of an adapter.

    Parameters
    ----------
    card
        Its own card.
    directory
        The directory with its files; ``None``: it is on another machine.
    words
        What its maker says.
    """
    limits = words.limits
    if not limits and not card.accepted:
        limits = (f"It is not accepted: {card.reason}",)
    repository = _repository(directory) if directory else None
    return ModelCard(
        kind="adapter",
        name=card.name or "unnamed",
        summary=words.summary,
        license=words.license,
        base=Base(card.base or "unnamed", "adapter", _sha256(card.base_sha256), repository),
        format="lora",
        parameters=_parameters(directory / WEIGHTS) if directory else None,
        files=tuple(
            CardFile(name, _size(directory / name) if directory else None, _sha256(sha256))
            for name, sha256 in card.files.items()
        ),
        corpus=Corpus(
            words.corpus.manifest if words.corpus else None,
            _sha256(card.corpus_sha256),
            {name: number for name, number in card.counts.items() if type(number) is int},
        ),
        scores=(*_scores(card), *words.scores),
        training={**card.recipe, "versions": card.versions, "made": card.made, **words.training},
        limits=limits,
        sections=words.sections,
    )


def _sha256(text: object) -> str | None:
    """Return a hash as a card has it; ``None`` for what is none, as cards from outside may have."""
    return text if isinstance(text, str) and _SHA256.fullmatch(text) else None


def _repository(directory: Path) -> str | None:
    """Return ``owner/name`` of the base on the Hugging Face Hub, if the adapter names it."""
    try:
        name = read_config(directory)["base_model_name_or_path"]
    except FinetuneError:
        return None
    return name if isinstance(name, str) else None


def _parameters(weights: Path) -> int | None:
    try:
        return sum(math.prod(shape) for shape in read_shapes(weights).values()) or None
    except (ModelError, OSError):
        return None


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None


def _scores(card: Card) -> Iterator[Score]:
    """Yield the scores of an evaluation, and the results of the probe for memorization."""
    for name, dataset in _DATASETS.items():
        of_models = card.scores.get(name)
        for served_as, scores in of_models.items() if isinstance(of_models, dict) else ():
            for metric, value in scores.items() if isinstance(scores, dict) else ():
                if metric and type(value) in (int, float) and abs(value) < _MAX_SCORE:
                    yield Score(dataset, metric, value, _COMMAND, None, served_as)
    for metric, tasks in (("memorized", "lines"), ("leaked", "secrets")):
        value, total = card.probe.get(metric), card.probe.get(tasks)
        if type(value) is int and type(total) is int and total > 0:
            yield Score(f"probe: {tasks}", metric, value, _COMMAND, total, "tuned")
