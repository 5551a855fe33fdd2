"""Estimates the memory of a training on the CPU, which users see before it starts."""

from __future__ import annotations

import platform
from pathlib import Path

from jupyter_safecoder.conversion.estimate import estimate_resources
from jupyter_safecoder.engines.hardware.cpu import probe_cpu
from jupyter_safecoder.models import ModelDescription, count_parameters
from jupyter_safecoder.models.tokenizer import FileTokenizer

from .recipe import Recipe

#: Bytes of Python, torch and the other libraries. This and the next numbers are from the peaks of
#: the embedded model in bf16: 1.56 GB with 512 tokens in a step, 2.91 GB with 1,536.
_LIBRARY_BYTES = 0.55e9
#: Bytes that a weight of the adapter takes with its gradient and the optimizer's two moments, and
#: the share of weights that an adapter of rank 16 has.
_ADAPTER_BYTES, _ADAPTER_SHARE = 16, 0.036
#: Bytes for each token of a step: for each entry of the vocabulary (logits, their gradients), and
#: for each value of the hidden states of all layers.
_LOGIT_BYTES, _HIDDEN_BYTES = 14, 40
#: Hidden values of all layers of a model with so many weights; they grow like the square root.
_HIDDEN_VALUES, _HIDDEN_WEIGHTS = 17_280, 135e6
#: Where nothing is computed in bf16, values have twice the size, and gradients the same.
_FP32_FACTOR = 1.5
#: What is left of a job while its adapter is merged and converted in another process.
_RESIDUAL_BYTES = 0.9e9
#: Training uses the memory of the GPU where there is one.
_NVIDIA = Path("/dev/nvidiactl")


def estimate_memory(base: ModelDescription, recipe: Recipe) -> int | None:
    """Return the memory in bytes that a job needs at its peak; ``None`` if that is not known.

    It is not known where a GPU is trained on, and of the models of tests.

    Parameters
    ----------
    base
        The model that is trained.
    recipe
        Its ``rank`` and ``tokens_per_step`` count.
    """
    if _NVIDIA.exists() or base.format == "script":
        return None
    features = probe_cpu(Path("/"), platform.system(), platform.machine()).features
    parameters = count_parameters(base) or base.weights_bytes
    vocabulary = FileTokenizer(base.tokenizer).size
    return estimate_peak(parameters, vocabulary, recipe, bf16="amx_bf16" in features)


def estimate_peak(parameters: int, vocabulary: int, recipe: Recipe, *, bf16: bool) -> int:
    """Return the memory in bytes of a training on a CPU, the merge and the conversion included.

    Parameters
    ----------
    parameters
        Number of weights.
    vocabulary
        Number of tokens of the tokenizer.
    recipe
        Its ``rank`` and ``tokens_per_step`` count.
    bf16
        Whether the CPU is fast in bf16, which is chosen then.
    """
    adapter = parameters * _ADAPTER_SHARE * recipe.rank / 16 * _ADAPTER_BYTES
    hidden = _HIDDEN_VALUES * (parameters / _HIDDEN_WEIGHTS) ** 0.5
    token = vocabulary * _LOGIT_BYTES + hidden * _HIDDEN_BYTES
    step = recipe.tokens_per_step * token * (1 if bf16 else _FP32_FACTOR)
    training = _LIBRARY_BYTES + parameters * (2 if bf16 else 4) + adapter + step
    conversion = estimate_resources(parameters, "openvino", "int8").memory
    return int(max(training, _RESIDUAL_BYTES + conversion))
