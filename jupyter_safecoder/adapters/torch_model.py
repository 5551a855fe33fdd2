"""Base models in torch: loads one, lists its linear layers, and merges an adapter into it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from jupyter_safecoder.errors import FinetuneError
from jupyter_safecoder.models import ModelDescription
from jupyter_safecoder.models.gguf.checkpoint import as_checkpoint, read_config

_LLAMA = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
#: All linear layers of a block, by Hugging Face's ``model_type``.
TARGETS: dict[str, tuple[str, ...]] = {
    "gpt_bigcode": ("c_attn", "c_proj", "c_fc", "q_attn"),
    "starcoder2": ("q_proj", "k_proj", "v_proj", "o_proj", "c_fc", "c_proj"),
    **dict.fromkeys(("llama", "mistral", "qwen2", "qwen3", "gemma", "granite"), _LLAMA),
}


def load_torch_model(base: ModelDescription, attention: str = "sdpa", **arguments: Any) -> Any:
    """Return a base model in torch.

    Parameters
    ----------
    base
        A checkpoint, or a GGUF, whose weights are dequantized.
    attention
        The name of an attention that is registered with transformers.
    arguments
        Further arguments of ``from_pretrained``; without ``dtype`` the model is in fp32.

    Raises
    ------
    FinetuneError
        If no adapter can be made for its architecture.
    """
    import torch
    import transformers

    logging: Any = transformers.utils.logging
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    _check_architecture(base)
    loader: Any = transformers.AutoModelForCausalLM
    with as_checkpoint(base) as directory:
        return loader.from_pretrained(
            directory,
            use_safetensors=True,
            trust_remote_code=False,
            local_files_only=True,
            attn_implementation=attention,
            **{"dtype": torch.float32, **arguments},
        )


def linear_layers(base: ModelDescription) -> dict[str, tuple[int, int]]:
    """Return a model's linear layers by name, each with its inputs and outputs; reads no weights.

    Raises
    ------
    FinetuneError
        If no adapter can be made for its architecture.
    """
    import torch
    import transformers

    _check_architecture(base)
    configs: Any = transformers.AutoConfig
    if base.format == "gguf":
        config = configs.for_model(**read_config(base.weights))
    else:
        config = configs.from_pretrained(base.weights, local_files_only=True)
    with torch.device("meta"):
        loader: Any = transformers.AutoModelForCausalLM
        model = loader.from_config(config)
    return {
        name: (layer.in_features, layer.out_features)
        for name, layer in model.named_modules()
        if isinstance(layer, torch.nn.Linear)
    }


def write_merged(base: ModelDescription, adapter: Path, target: Path) -> None:
    """Write a base model with an adapter merged into it as a checkpoint.

    Parameters
    ----------
    base
        The base model.
    adapter
        A directory that PEFT wrote.
    target
        The directory of the checkpoint.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    import torch
    from peft import PeftModel

    peft_model = PeftModel.from_pretrained(load_torch_model(base), str(adapter))
    merged: Any = peft_model.merge_and_unload()
    merged.generation_config = type(merged.generation_config)()
    if base.format == "gguf":
        # fp16 holds all that was dequantized from eight bits.
        merged = merged.to(torch.float16)
    merged.save_pretrained(target, safe_serialization=True)
    shutil.copyfile(base.tokenizer, target / "tokenizer.json")
    config = base.tokenizer.with_name("tokenizer_config.json")
    if config.is_file():
        shutil.copyfile(config, target / config.name)


def _check_architecture(base: ModelDescription) -> None:
    if base.architecture not in TARGETS:
        raise FinetuneError(
            f"No adapter can be made for {base.name}: its architecture is {base.architecture!r}.",
            f"Choose a model of one of: {', '.join(TARGETS)}.",
        )
