"""Creates a card for an adapter of PEFT without one, if the adapter fits the base model."""

from __future__ import annotations

import json
import re
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from jupyter_safecoder.errors import FinetuneError
from jupyter_safecoder.models import ModelDescription
from jupyter_safecoder.models.safetensors import Shapes, read_shapes

from .card import Card
from .registry import CONFIG, WEIGHTS
from .torch_model import linear_layers

_PAIR = re.compile(r"base_model\.model\.(?P<layer>.+)\.lora_(?P<half>[AB])\.weight")
_REASON = "Imported without a card: it has not been evaluated."
_OTHER_BASE = "Name the base model that it was made for with --model."


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
        If its weights cannot be read.
    """
    config = _read_config(source)
    if config.get("peft_type") != "LORA" or config.get("use_dora"):
        raise FinetuneError(
            f"{source} is not a plain LoRA.",
            "Merge it with the program that made it, and serve the result.",
        )
    _check_fit(read_shapes(source / WEIGHTS), base)
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


def _read_config(source: Path) -> dict[str, Any]:
    try:
        config = json.loads((source / CONFIG).read_text("utf-8"))
        if not isinstance(config, dict) or not (source / WEIGHTS).is_file():
            raise ValueError
    except (OSError, ValueError):
        raise FinetuneError(
            f"{source} is no adapter: it lacks {CONFIG} or {WEIGHTS}.",
            "Name a directory that 'adapter export' or PEFT's save_pretrained wrote.",
        ) from None
    return config


def _check_fit(shapes: Shapes, base: ModelDescription) -> None:
    """Check that each tensor of the adapter belongs to a layer of the base, and fits its size."""
    layers = linear_layers(base)
    for key, shape in shapes.items():
        pair = _PAIR.fullmatch(key)
        layer = layers.get(pair["layer"]) if pair else None
        if pair is None or layer is None:
            raise FinetuneError(
                f"The adapter changes {key}, which {base.name} does not have.", _OTHER_BASE
            )
        # A has the shape (rank, inputs), B has (outputs, rank).
        expected, found = (layer[0], shape[-1]) if pair["half"] == "A" else (layer[1], shape[0])
        if expected != found:
            raise FinetuneError(
                f"The adapter is for layers of another size than those of {base.name}: "
                f"{found} instead of {expected} in {pair['layer']}.",
                _OTHER_BASE,
            )
