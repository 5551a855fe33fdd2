"""The base network with its low-rank adapter, as training wants it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..models import ModelDescription
from ..models.tokenizer import FileTokenizer
from .problem import FinetuneProblem
from .recipe import Recipe

if TYPE_CHECKING:
    import torch

#: All linear layers of a block, by Hugging Face's ``model_type``.
_LLAMA = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
TARGETS: dict[str, tuple[str, ...]] = {
    "gpt_bigcode": ("c_attn", "c_proj", "c_fc", "q_attn"),
    "starcoder2": ("q_proj", "k_proj", "v_proj", "o_proj", "c_fc", "c_proj"),
    **dict.fromkeys(("llama", "mistral", "qwen2", "gemma", "granite"), _LLAMA),
}

#: What bf16 must be faster by.
_CLEARLY = 1.3


def choose_device(wish: str) -> str:
    """Return where to train: what is asked for, or else the best that is found.

    Raises
    ------
    FinetuneProblem
        If what is asked for is not there.
    """
    import torch

    if not wish:
        return "cuda" if torch.cuda.is_available() else "cpu"
    if wish.partition(":")[0] == "cuda" and not torch.cuda.is_available():
        raise FinetuneProblem(
            "There is no CUDA here: no NVIDIA GPU, no driver, or a build of PyTorch without CUDA.",
            "Leave --device out to train on the CPU, or install PyTorch's CUDA build.",
        )
    return wish


def choose_dtype(device: str) -> torch.dtype:
    """Return the faster of bf16 and fp32 on a device: CPUs differ tenfold, and do not say so.

    On a CPU its own time is what counts: others may want the processor meanwhile. In doubt fp32.
    """
    import torch

    clock = time.process_time if device == "cpu" else time.perf_counter
    seconds = {}
    for dtype in (torch.float32, torch.bfloat16):
        left, right = (torch.ones(512, 512, dtype=dtype, device=device) for _ in range(2))
        times = []
        for _ in range(6):
            began = clock()
            (left @ right).sum().item()
            times.append(clock() - began)
        seconds[dtype] = min(times)
    faster = seconds[torch.bfloat16] * _CLEARLY < seconds[torch.float32]
    return torch.bfloat16 if faster else torch.float32


def quantized(recipe: Recipe, device: str) -> dict[str, Any]:
    """Return how to load the base in four bits, if the recipe wants that.

    Raises
    ------
    FinetuneProblem
        If this device cannot.
    """
    if not recipe.quantize:
        return {}
    if device.partition(":")[0] != "cuda":
        raise FinetuneProblem(
            "QLoRA computes in four bits, which needs an NVIDIA GPU: there is no CUDA here.",
            "Leave quantize out of the recipe.",
        )
    import torch
    from transformers import BitsAndBytesConfig

    four_bits: Any = BitsAndBytesConfig
    return {
        "dtype": torch.bfloat16,
        "quantization_config": four_bits(
            load_in_4bit=True,
            bnb_4bit_quant_type=recipe.quantize,
            bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=torch.bfloat16,
        ),
        "device_map": {"": device},
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
    FinetuneProblem
        If it cannot be trained.
    """
    import torch
    import transformers

    transformers.utils.logging.set_verbosity_error()  # type: ignore[no-untyped-call]
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
        raise FinetuneProblem(
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
    FinetuneProblem
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


def adapt(network: Any, model: ModelDescription, recipe: Recipe) -> Any:
    """Return the network with a new adapter, which alone is trained."""
    import torch
    from peft import LoraConfig, get_peft_model

    torch.manual_seed(recipe.seed)
    present = {name.rpartition(".")[2] for name, _ in network.named_modules()}
    tokenizer = FileTokenizer(model.tokenizer)
    config = LoraConfig(
        r=recipe.rank,
        lora_alpha=recipe.alpha,
        lora_dropout=0.0,
        bias="none",
        target_modules=[name for name in TARGETS[model.architecture] if name in present],
        trainable_token_indices=[tokenizer.special(name) for name in recipe.trained_tokens] or None,
        task_type="CAUSAL_LM",
    )
    adapted = get_peft_model(network, config)
    if network.dtype == torch.bfloat16:
        layer: Any
        for layer in adapted.modules():
            if hasattr(layer, "lora_A"):
                # Autocast casts where it has to; a way through fp32 costs a tenth of a step.
                layer.cast_input_dtype_enabled = False
    return adapted


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
