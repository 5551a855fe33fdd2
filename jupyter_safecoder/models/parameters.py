"""How large a checkpoint is."""

from __future__ import annotations

from .description import ModelDescription
from .safetensors import count_weights, read_shapes


def count_parameters(model: ModelDescription) -> int:
    """Return the number of a checkpoint's parameters; 0 for a GGUF, which is run as it lies.

    Raises
    ------
    ModelProblem
        If a file of weights is damaged.
    """
    shapes = [read_shapes(f.path) for f in model.files if f.path.suffix == ".safetensors"]
    return sum(count_weights(each) for each in shapes)
