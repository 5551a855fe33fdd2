"""Writes checkpoints with random weights in published shapes.

They serve to measure speed and exactness without a download; what they complete is meaningless.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

#: Published shapes of the StarCoder family. Source: ``config.json`` of BigCode's checkpoints.
SHAPES: Mapping[str, Mapping[str, Any]] = {
    "tiny-starcoder": {
        "model_type": "gpt_bigcode",
        "n_layer": 20,
        "n_embd": 768,
        "n_head": 12,
        "n_inner": 3072,
        "n_positions": 8192,
        "vocab_size": 49152,
    },
    "starcoderbase-1b": {
        "model_type": "gpt_bigcode",
        "n_layer": 24,
        "n_embd": 2048,
        "n_head": 16,
        "n_inner": 8192,
        "n_positions": 8192,
        "vocab_size": 49152,
    },
}


def write_random_checkpoint(
    directory: Path, config: Mapping[str, Any], tokenizer: Path, seed: int = 0
) -> Path:
    """Write a checkpoint as ``transformers`` does: configuration, safetensors, tokenizer.

    Parameters
    ----------
    directory
        Created; gets ``config.json``, ``model.safetensors`` and ``tokenizer.json``.
    config
        Fields of ``config.json``; ``model_type`` is the architecture.
    tokenizer
        The ``tokenizer.json`` to copy.
    seed
        Of the random weights: the same seed gives the same bytes.

    Returns
    -------
    Path
        The directory.
    """
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    directory.mkdir(parents=True, exist_ok=True)
    fields = {"bos_token_id": 0, "eos_token_id": 0, "pad_token_id": 0, **config}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = AutoModelForCausalLM.from_config(  # type: ignore[no-untyped-call]
            AutoConfig.for_model(fields.pop("model_type"), **fields), dtype=torch.float32
        )
    model.save_pretrained(directory, safe_serialization=True)
    shutil.copyfile(tokenizer, directory / "tokenizer.json")
    (directory / "tokenizer_config.json").write_text(
        json.dumps({"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": "<|endoftext|>"})
    )
    return directory
