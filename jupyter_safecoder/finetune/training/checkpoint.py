"""Checkpoints of a training: one file, which is replaced in one step.

It is a safetensors file. Its metadata has everything but the tensors, as JSON: reading it runs no
code of its author.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_safecoder.errors import FinetuneError
from jupyter_safecoder.files import atomic_write

if TYPE_CHECKING:
    import torch

_CONTENT = "content"


def save_checkpoint(path: Path, content: dict[str, Any]) -> None:
    """Write a checkpoint; the old one remains until the new one is complete.

    Parameters
    ----------
    path
        Its file.
    content
        Tensors, numbers, strings, and lists, tuples and dictionaries of them.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    from safetensors.torch import save

    tensors: dict[str, torch.Tensor] = {}
    metadata = {_CONTENT: json.dumps(_without_tensors(content, tensors))}
    with atomic_write(path) as stream:
        stream.write(save(tensors, metadata))


def load_checkpoint(path: Path, device: torch.device) -> dict[str, Any] | None:
    """Return the content of a checkpoint, or ``None`` if there is none.

    Parameters
    ----------
    path
        Its file.
    device
        The device of the tensors.

    Raises
    ------
    FinetuneError
        If it is damaged, or no checkpoint.
    """
    from safetensors import SafetensorError, safe_open

    if not path.is_file():
        return None
    try:
        with safe_open(  # type: ignore[no-untyped-call]
            path, framework="pt", device=str(device)
        ) as file:
            content = json.loads((file.metadata() or {})[_CONTENT])
            restored = _with_tensors(content, file.get_tensor)
    except (SafetensorError, OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise FinetuneError(
            f"{path} is no checkpoint of a training, or is damaged.",
            "Delete it: the training starts from the beginning.",
        ) from error
    if not isinstance(restored, dict):
        raise FinetuneError(f"{path} is no checkpoint of a training.", "Delete it.")
    return restored


def _without_tensors(value: Any, tensors: dict[str, torch.Tensor]) -> Any:
    """Return a value as JSON data that names the tensors in it, which are added to ``tensors``."""
    import torch

    if isinstance(value, torch.Tensor):
        name = str(len(tensors))
        tensors[name] = value.detach().to("cpu", copy=True).contiguous()
        return {"tensor": name}
    if isinstance(value, dict):
        pairs = ([key, _without_tensors(one, tensors)] for key, one in value.items())
        return {"dict": list(pairs)}
    if isinstance(value, (list, tuple)):
        kind = "list" if isinstance(value, list) else "tuple"
        return {kind: [_without_tensors(one, tensors) for one in value]}
    return value


def _with_tensors(data: Any, tensor: Any) -> Any:
    """Return the value of JSON data; ``tensor`` returns a tensor by its name."""
    if not isinstance(data, dict):
        return data
    ((kind, content),) = data.items()
    if kind == "tensor":
        return tensor(content)
    if kind == "dict":
        return {key: _with_tensors(one, tensor) for key, one in content}
    parts = [_with_tensors(one, tensor) for one in content]
    return parts if kind == "list" else tuple(parts)
