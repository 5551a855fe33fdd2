"""The files that PEFT writes: the configuration of a LoRA is read and written in a plain form.

A configuration can name modules to import, replicate layers, or change weights in more ways than
the product of two matrices. Only fields that are known are taken, and only they are written again:
other programs, which load the directory as it is, get no others. Source of the names: PEFT's
``LoraConfig``.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from jupyter_safecoder.errors import FinetuneError
from jupyter_safecoder.files import write_text

WEIGHTS, CONFIG = "adapter_model.safetensors", "adapter_config.json"

#: Fields that change nothing in how the matrices are used.
_WITHOUT_EFFECT = (
    *("base_model_name_or_path", "revision", "peft_version", "task_type", "inference_mode"),
    *("lora_dropout", "target_modules", "exclude_modules", "layers_to_transform"),
    # Settings of variants that other fields turn on, with values that are not empty.
    *("layers_pattern", "megatron_core", "qalora_group_size"),
    # Tied embeddings are found in the base model.
    "ensure_weight_tying",
)
_TAKEN = (
    *("peft_type", "r", "lora_alpha", "rank_pattern", "alpha_pattern", "use_rslora"),
    *("trainable_token_indices", "bias", "init_lora_weights"),
)
#: Values of ``init_lora_weights`` that leave the base model as it is.
_PLAIN_STARTS = (None, True, False, "gaussian", "orthogonal")
#: A name in ``rank_pattern`` or ``alpha_pattern``, which may also be a regular expression.
_PLAIN_NAME = re.compile(r"[\w.]{1,200}")
_REPOSITORY = re.compile(r"[\w.-]{1,96}/[\w.-]{1,96}")
_MAX_BYTES = 2**20
_MERGE_ELSEWHERE = "Merge it with the program that made it, and serve the result."


def read_config(adapter: Path) -> dict[str, Any]:
    """Return the configuration of a LoRA, with the fields that are used.

    Parameters
    ----------
    adapter
        A directory that PEFT wrote.

    Raises
    ------
    FinetuneError
        If it is no LoRA, or makes other changes than the product of two matrices and rows of
        embeddings.
    """
    try:
        if not all((adapter / name).is_file() for name in (CONFIG, WEIGHTS)):
            raise ValueError
        with (adapter / CONFIG).open("rb") as stream:
            config = json.loads(stream.read(_MAX_BYTES))
        if not isinstance(config, dict):
            raise ValueError
    except (OSError, ValueError, RecursionError):
        raise FinetuneError(
            f"{adapter} is no adapter: it lacks {CONFIG} or {WEIGHTS}.",
            "Name a directory that 'adapter export' or PEFT's save_pretrained wrote.",
        ) from None
    if name := _other_change(config):
        raise not_plain(adapter, name)
    base = config.get("base_model_name_or_path")
    is_repository = isinstance(base, str) and _REPOSITORY.fullmatch(base)
    return {
        "base_model_name_or_path": base if is_repository else None,
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "inference_mode": True,
        "bias": "none",
        "r": config.get("r"),
        "lora_alpha": config.get("lora_alpha"),
        "lora_dropout": 0.0,
        "rank_pattern": config.get("rank_pattern") or {},
        "alpha_pattern": config.get("alpha_pattern") or {},
        "use_rslora": config.get("use_rslora") is True,
        "trainable_token_indices": config.get("trainable_token_indices"),
    }


def write_config(directory: Path, config: Mapping[str, Any], layers: Iterable[str]) -> None:
    """Write the configuration of a LoRA as PEFT reads it.

    Parameters
    ----------
    directory
        The directory of the adapter.
    config
        From :func:`read_config`.
    layers
        Names of the layers that have matrices.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    targets = sorted({layer.rpartition(".")[2] for layer in layers})
    text = json.dumps({**config, "target_modules": targets}, indent=2, sort_keys=True)
    write_text(directory / CONFIG, text + "\n")


def not_plain(adapter: Path, name: str) -> FinetuneError:
    """Return the error for a field with a change that is not merged here."""
    return FinetuneError(
        f"{adapter} is not a plain LoRA: see {name[:100]} in its {CONFIG}.", _MERGE_ELSEWHERE
    )


def _other_change(config: Mapping[str, Any]) -> str:
    """Return the name of a field with a change that is not known; empty: there is none."""
    if config.get("peft_type") != "LORA":
        return "peft_type"
    if config.get("bias", "none") != "none":
        return "bias"
    if not any(config.get("init_lora_weights") is start for start in _PLAIN_STARTS[:3]) and (
        config.get("init_lora_weights") not in _PLAIN_STARTS[3:]
    ):
        return "init_lora_weights"
    if config.get("use_rslora") not in (None, True, False):
        return "use_rslora"
    for name in ("rank_pattern", "alpha_pattern"):
        numbers = config.get(name) or {}
        if not isinstance(numbers, dict) or not all(map(_PLAIN_NAME.fullmatch, numbers)):
            return name
        if not all(type(n) in (int, float) and math.isfinite(n) for n in numbers.values()):
            return name
    if isinstance(config.get("trainable_token_indices"), dict):
        return "trainable_token_indices"
    return next(
        (
            str(name)
            for name, value in config.items()
            if value and name not in _TAKEN and name not in _WITHOUT_EFFECT
        ),
        "",
    )
