"""Loads a base model in torch, and names the layers that an adapter changes."""

from __future__ import annotations

from typing import Any

from jupyter_safecoder.errors import FinetuneError
from jupyter_safecoder.models import ModelDescription
from jupyter_safecoder.models.gguf.checkpoint import as_checkpoint

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
    if base.architecture not in TARGETS:
        raise FinetuneError(
            f"No adapter can be made for {base.name}: its architecture is {base.architecture!r}.",
            f"Choose a model of one of: {', '.join(TARGETS)}.",
        )
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
