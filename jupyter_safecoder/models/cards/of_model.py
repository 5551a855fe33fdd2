"""The card of a model: from its files, from the catalogue, and from its maker's own words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict

from jupyter_safecoder.models.catalogue import Entry
from jupyter_safecoder.models.description import ModelDescription
from jupyter_safecoder.postprocess import DEFAULT_CALIBRATION

from .architecture import read_architecture
from .base import read_base
from .card import CardFile, ModelCard, Score
from .own_words import OwnWords

_UNKNOWN = "unknown"
_NO_WORDS = OwnWords()


def card_of_model(
    model: ModelDescription,
    entry: Entry | None = None,
    words: OwnWords = _NO_WORDS,
    hashes: Mapping[str, str] | None = None,
) -> ModelCard:
    """Return the card of a model on this disk.

    Parameters
    ----------
    model
        The model.
    entry
        What the catalogue says of it; ``None``: it is not in the catalogue.
    words
        What its maker says.
    hashes
        SHA-256 of files by name, where the description has none.
    """
    found, info = read_architecture(model), model.info()
    calibration = model.calibration
    return ModelCard(
        kind="model",
        name=model.name,
        summary=words.summary or (_sentence(entry.purpose) if entry else ""),
        license=model.license if model.license != _UNKNOWN else words.license,
        base=words.base or read_base(model),
        format=model.format,
        architecture=found.sizes,
        parameters=found.parameters or (entry.parameters if entry else None),
        layers=found.layers,
        context_window=info.context_window,
        quantization=found.quantization,
        family=info.family,
        layouts=info.layouts,
        default_layout=info.default_layout,
        languages=info.languages,
        files=tuple(
            CardFile(f.path.name, f.size, f.sha256 or (hashes or {}).get(f.path.name))
            for f in model.files
        ),
        corpus=words.corpus,
        calibration=None if calibration == DEFAULT_CALIBRATION else asdict(calibration),
        scores=(*(_scores(entry) if entry else ()), *words.scores),
        training=words.training,
        probe=words.probe,
        limits=words.limits,
        sections=words.sections,
    )


def card_of_entry(entry: Entry, words: OwnWords = _NO_WORDS) -> ModelCard:
    """Return the card of a model of the catalogue that is not on this disk."""
    return ModelCard(
        kind="model",
        name=entry.name,
        summary=words.summary or _sentence(entry.purpose),
        license=entry.license,
        base=words.base,
        parameters=entry.parameters,
        family=entry.family,
        layouts=entry.layouts,
        default_layout=entry.default_layout,
        files=tuple(CardFile(file.path, file.size, file.sha256) for file in entry.files),
        corpus=words.corpus,
        calibration=asdict(entry.confidence) if entry.confidence else None,
        scores=(*_scores(entry), *words.scores),
        training=words.training,
        limits=words.limits,
        sections=words.sections,
    )


def _sentence(purpose: str) -> str:
    return f"{purpose[:1].upper()}{purpose[1:]}."


def _scores(entry: Entry) -> Iterator[Score]:
    """Yield what the catalogue has of a model: completions, then times."""
    if quality := entry.quality:
        for dataset, scores in (
            ("line ends in notebooks", quality.notebooks),
            ("HumanEval single-line infilling", quality.humaneval),
        ):
            for metric in ("exact_match", "edit_similarity"):
                yield Score(
                    dataset,
                    metric,
                    scores[metric],
                    quality.command,
                    int(scores["tasks"]),
                    quality.served_as,
                )
    if speed := entry.speed:
        for metric in ("tpot_ms", "keystroke_ttft_ms", "cold_ttft_ms"):
            served_as = f"{speed.served_as}; {speed.machine}"
            value = getattr(speed, metric)
            yield Score("typing in notebooks", metric, value, speed.command, None, served_as)
