"""The base network with its low-rank adapter, as training wants it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_safecoder.errors import FinetuneError
from jupyter_safecoder.models import ModelDescription

if TYPE_CHECKING:
    pass

#: All linear layers of a block, by Hugging Face's ``model_type``.
_LLAMA = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
TARGETS: dict[str, tuple[str, ...]] = {
    "gpt_bigcode": ("c_attn", "c_proj", "c_fc", "q_attn"),
    "starcoder2": ("q_proj", "k_proj", "v_proj", "o_proj", "c_fc", "c_proj"),
    **dict.fromkeys(("llama", "mistral", "qwen2", "gemma", "granite"), _LLAMA),
}


def load_network(model: ModelDescription, attention: str = "sdpa", **how: Any) -> Any:
    """Return a model's network in torch, in fp32 unless ``how`` says otherwise.

    Parameters
    ----------
    model
        A checkpoint, or a GGUF, whose weights are dequantized.
    attention
        A name that transformers knows.
    how
        Further arguments of ``from_pretrained``.

    Raises
    ------
    FinetuneError
        If it cannot be trained.
    """
    import torch
    import transformers

    quiet: Any = transformers.utils.logging
    quiet.set_verbosity_error()
    quiet.disable_progress_bar()
    transformers.utils.logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    _check_architecture(model)
    path, file = _place(model)
    loader: Any = transformers.AutoModelForCausalLM
    return loader.from_pretrained(
        path,
        **file,
        use_safetensors=True,
        trust_remote_code=False,
        local_files_only=True,
        attn_implementation=attention,
        **{"dtype": torch.float32, **how},
    )


def _check_architecture(model: ModelDescription) -> None:
    if model.architecture not in TARGETS:
        raise FinetuneError(
            f"{model.name} is of the architecture {model.architecture!r}, for which no adapter is "
            "made.",
            f"Choose a model of one of: {', '.join(TARGETS)}.",
        )


def _place(model: ModelDescription) -> tuple[Path, dict[str, str]]:
    """Return where transformers finds a model, and the file's name where it is in one."""
    if model.format == "gguf":
        return model.weights.parent, {"gguf_file": model.weights.name}
    return model.weights, {}


def linear_layers(model: ModelDescription) -> dict[str, tuple[int, int]]:
    """Return a model's linear layers by name, each with its inputs and outputs; reads no weights.

    Raises
    ------
    FinetuneError
        If no adapter is made for its architecture.
    """
    import torch
    import transformers

    _check_architecture(model)
    auto: Any = transformers.AutoConfig
    path, file = _place(model)
    with torch.device("meta"):
        causal: Any = transformers.AutoModelForCausalLM
        network = causal.from_config(auto.from_pretrained(path, **file, local_files_only=True))
    return {
        name: (layer.in_features, layer.out_features)
        for name, layer in network.named_modules()
        if isinstance(layer, torch.nn.Linear)
    }


def merge(model: ModelDescription, adapter: Path, target: Path) -> None:
    """Write a model with its adapter merged in as a checkpoint of its own.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    import shutil

    import torch
    from peft import PeftModel

    network = load_network(model)
    merged: Any = PeftModel.from_pretrained(network, str(adapter)).merge_and_unload()
    merged.generation_config = type(merged.generation_config)()
    if model.format == "gguf":
        # What was dequantized from eight bits has no more to say than this.
        merged = merged.to(torch.float16)
    merged.save_pretrained(target, safe_serialization=True)
    shutil.copyfile(model.tokenizer, target / "tokenizer.json")
    beside = model.tokenizer.with_name("tokenizer_config.json")
    if beside.is_file():
        shutil.copyfile(beside, target / beside.name)
