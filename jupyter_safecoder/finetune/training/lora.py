"""Creates a low-rank adapter, and chooses its device, data type and quantization."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from jupyter_safecoder.errors import FinetuneError
from jupyter_safecoder.finetune.recipe import Recipe
from jupyter_safecoder.models import ModelDescription
from jupyter_safecoder.models.tokenizer import FileTokenizer

from .torch_model import TARGETS

if TYPE_CHECKING:
    import torch

#: How many times as fast bf16 must be to be chosen.
_MIN_SPEEDUP = 1.3


def choose_device(requested: str) -> str:
    """Return the device to train on: the requested one, or else the best one found.

    Raises
    ------
    FinetuneError
        If there is no such device.
    """
    import torch

    if not requested:
        return "cuda" if torch.cuda.is_available() else "cpu"
    if requested.partition(":")[0] == "cuda" and not torch.cuda.is_available():
        raise FinetuneError(
            "There is no CUDA here: no NVIDIA GPU, no driver, or a build of PyTorch without CUDA.",
            "Leave --device out to train on the CPU, or install PyTorch's CUDA build.",
        )
    return requested


def choose_dtype(device: str) -> torch.dtype:
    """Return the faster of bf16 and fp32 on a device, as measured: on CPUs it differs tenfold.

    On a CPU the process's own time is measured: others use the processor meanwhile.
    """
    import torch

    clock = time.process_time if device == "cpu" else time.perf_counter
    seconds = {}
    for dtype in (torch.float32, torch.bfloat16):
        left, right = (torch.ones(512, 512, dtype=dtype, device=device) for _ in range(2))
        times = []
        for _ in range(6):
            started = clock()
            (left @ right).sum().item()
            times.append(clock() - started)
        seconds[dtype] = min(times)
    faster = seconds[torch.bfloat16] * _MIN_SPEEDUP < seconds[torch.float32]
    return torch.bfloat16 if faster else torch.float32


def quantization(recipe: Recipe, device: str) -> dict[str, Any]:
    """Return the arguments that load the base model in four bits; empty if it is not quantized.

    Raises
    ------
    FinetuneError
        If the device cannot compute in four bits.
    """
    if not recipe.quantize:
        return {}
    if device.partition(":")[0] != "cuda":
        raise FinetuneError(
            "QLoRA computes in four bits, which needs an NVIDIA GPU: there is no CUDA here.",
            "Remove 'quantize' from the recipe.",
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


def add_adapter(model: Any, base: ModelDescription, recipe: Recipe) -> Any:
    """Return a PEFT model with a new adapter, whose weights alone are trained.

    Parameters
    ----------
    model
        The base model in torch.
    base
        Its description.
    recipe
        Settings.
    """
    import torch
    from peft import LoraConfig, get_peft_model

    torch.manual_seed(recipe.seed)
    present = {name.rpartition(".")[2] for name, _ in model.named_modules()}
    tokenizer = FileTokenizer(base.tokenizer)
    config = LoraConfig(
        r=recipe.rank,
        lora_alpha=recipe.alpha,
        lora_dropout=0.0,
        bias="none",
        target_modules=[name for name in TARGETS[base.architecture] if name in present],
        trainable_token_indices=[tokenizer.token_id(name) for name in recipe.trained_tokens]
        or None,
        task_type="CAUSAL_LM",
    )
    peft_model = get_peft_model(model, config)
    if model.dtype == torch.bfloat16:
        layer: Any
        for layer in peft_model.modules():
            if hasattr(layer, "lora_A"):
                # Autocast casts where it is needed; PEFT's cast to fp32 takes a tenth of a step.
                layer.cast_input_dtype_enabled = False
    return peft_model
