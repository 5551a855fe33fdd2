"""Adapters that others made with PEFT: taken in where they fit the base, by names and shapes."""

from __future__ import annotations

import json
import re
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from jupyter_safecoder.errors import FinetuneError
from jupyter_safecoder.models import ModelDescription
from jupyter_safecoder.models.safetensors import Shapes, read_shapes

from .network import linear_layers
from .registry import CONFIG, WEIGHTS, Card

_PAIR = re.compile(r"base_model\.model\.(?P<layer>.+)\.lora_(?P<half>[AB])\.weight")
_NO_CARD = "It came without a card: nobody has judged it here."


def card_for_peft_adapter(
    source: Path, name: str, model: ModelDescription, base: str, by: str
) -> Card:
    """Return a card for a directory that PEFT wrote, once it is known to fit.

    Parameters
    ----------
    source
        The directory.
    name
        That it shall have here.
    model, base
        The base that it shall be for, and the SHA-256 of its weights.
    by
        Whoever takes it in.

    Raises
    ------
    FinetuneError
        If it is no LoRA, or does not fit the base.
    ModelError
        If its weights cannot be read.
    """
    config = _config(source)
    if config.get("peft_type") != "LORA" or config.get("use_dora"):
        raise FinetuneError(
            f"{source} is not a plain LoRA.", "Merge it where it was made, and serve the result."
        )
    _check_fit(read_shapes(source / WEIGHTS), model)
    return Card(
        name=name,
        base=model.name,
        base_sha256=base,
        corpus_sha256="",
        counts={},
        recipe={"rank": config.get("r"), "alpha": config.get("lora_alpha")},
        curves={"train": [], "held_out": []},
        scores={},
        probe={},
        offered=False,
        reason=_NO_CARD,
        made=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        by=by,
    )


def _config(source: Path) -> dict[str, Any]:
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


def _check_fit(shapes: Shapes, model: ModelDescription) -> None:
    layers = linear_layers(model)
    for key, shape in shapes.items():
        pair = _PAIR.fullmatch(key)
        layer = layers.get(pair["layer"]) if pair else None
        if pair is None or layer is None:
            raise FinetuneError(
                f"The adapter changes {key}, which {model.name} does not have.",
                "Name the base that it was made for with --model.",
            )
        # A is (rank, in), B is (out, rank).
        wanted, found = (layer[0], shape[-1]) if pair["half"] == "A" else (layer[1], shape[0])
        if wanted != found:
            raise FinetuneError(
                f"The adapter is for layers of another size than those of {model.name}: "
                f"{found} instead of {wanted} in {pair['layer']}.",
                "Name the base that it was made for with --model.",
            )
