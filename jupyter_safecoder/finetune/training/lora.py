"""The low-rank adapter that is trained: its device, data type, quantization and layers."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from jupyter_safecoder.adapters.network import TARGETS
from jupyter_safecoder.errors import FinetuneError
from jupyter_safecoder.finetune.recipe import Recipe
from jupyter_safecoder.models import ModelDescription
from jupyter_safecoder.models.tokenizer import FileTokenizer

if TYPE_CHECKING:
    import torch

#: What bf16 must be faster by.
_CLEARLY = 1.3


def choose_device(wish: str) -> str:
    """Return where to train: what is asked for, or else the best that is found.

    Raises
    ------
    FinetuneError
        If what is asked for is not there.
    """
    import torch

    if not wish:
        return "cuda" if torch.cuda.is_available() else "cpu"
    if wish.partition(":")[0] == "cuda" and not torch.cuda.is_available():
        raise FinetuneError(
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
    FinetuneError
        If this device cannot.
    """
    if not recipe.quantize:
        return {}
    if device.partition(":")[0] != "cuda":
        raise FinetuneError(
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
        trainable_token_indices=[tokenizer.token_id(name) for name in recipe.trained_tokens]
        or None,
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
