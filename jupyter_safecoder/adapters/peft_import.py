"""Creates a card for an adapter of PEFT without one, if the adapter fits the base model."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path

from jupyter_safecoder.models import ModelDescription

from .card import Card
from .lora import read_changes
from .peft_files import read_config

_REASON = "Imported without a card: it has not been evaluated."


def card_for_peft_adapter(
    source: Path, name: str, base: ModelDescription, base_sha256: str, by: str
) -> Card:
    """Return a card for a directory that PEFT wrote, after checking that it fits the base model.

    Parameters
    ----------
    source
        The directory.
    name
        The name of the adapter in the registry.
    base, base_sha256
        The base model, and the SHA-256 of its weights.
    by
        The user who imports it.

    Raises
    ------
    FinetuneError
        If it is not a LoRA, or does not fit the base model.
    ModelError
        If its weights, or those of the base model, cannot be read.
    """
    config = read_config(source)
    read_changes(source, base)
    return Card(
        name=name,
        base=base.name,
        base_sha256=base_sha256,
        corpus_sha256="",
        counts={},
        recipe={"rank": config.get("r"), "alpha": config.get("lora_alpha")},
        curves={"train": [], "val": []},
        scores={},
        probe={},
        accepted=False,
        reason=_REASON,
        made=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        by=by,
    )
