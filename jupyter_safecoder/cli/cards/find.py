"""Finds what is known of a model: its files, the catalogue, its adapter, its maker's own words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from jupyter_safecoder.adapters.model_card import card_of_adapter
from jupyter_safecoder.adapters.registry import read_card
from jupyter_safecoder.downloads.description import shipped_adapters
from jupyter_safecoder.errors import ModelError
from jupyter_safecoder.models import ModelDescription
from jupyter_safecoder.models.cards import (
    ModelCard,
    OwnWords,
    card_of_entry,
    card_of_model,
    read_own_words,
)
from jupyter_safecoder.models.catalogue import Entry, find_entry
from jupyter_safecoder.models.fingerprint import file_hashes
from jupyter_safecoder.runtime.loading import resolve_base_model
from jupyter_safecoder.settings import RuntimeSettings


def find_card(
    requested: RuntimeSettings, progress: Callable[[float, str], None] = lambda share, text: None
) -> ModelCard:
    """Return the card of the model in settings.

    Parameters
    ----------
    requested
        Names the model. One of the catalogue need not be on this disk.
    progress
        Called with the share that is done, 0 to 1, and what is being done.

    Raises
    ------
    ModelError
        If there is no such model, or what its maker says of it cannot be read.
    """
    entry = find_entry(requested.model, requested.catalogues)
    try:
        model = resolve_base_model(requested, progress)
    except ModelError:
        if entry is None:
            raise
        return card_of_entry(entry, _words_of_adapter(entry))
    entry = find_entry(model.name, requested.catalogues)
    try:
        hashes = file_hashes(
            [file for file in model.files if not file.sha256],
            requested.cache / "hashes.json",
            lambda share: progress(share, f"Reading {model.name}"),
        )
    except OSError as error:
        raise ModelError(
            f"{error.filename} cannot be read: {error.strerror}.", "Get the model again."
        ) from error
    return card_of_model(model, entry, find_words(model, entry), hashes)


def find_words(model: ModelDescription, entry: Entry | None) -> OwnWords:
    """Return what the maker of a model, or of the adapter in it, says of it.

    Raises
    ------
    ModelError
        If it cannot be read.
    """
    if entry is not None and entry.adapter:
        return _words_of_adapter(entry)
    directory = model.weights if model.weights.is_dir() else model.weights.parent
    return read_own_words(directory)


def _words_of_adapter(entry: Entry) -> OwnWords:
    """Return what the adapter says that is merged into a model of the catalogue."""
    if not entry.adapter:
        return OwnWords()
    try:
        directory = shipped_adapters() / entry.adapter
    except ModuleNotFoundError:  # a thin installation
        return OwnWords()
    adapter = read_card(directory)
    if adapter is None:
        return OwnWords()
    words = read_own_words(directory)
    card = card_of_adapter(adapter, directory, words)
    base = card.base and replace(card.base, relation="finetune")
    return replace(words, base=base, corpus=card.corpus, training=card.training)
