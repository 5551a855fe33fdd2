"""The headers of a checkpoint's safetensors files: what tensors it has, and whether it is whole.

Format: eight bytes, little-endian, give the length of a JSON header that names each tensor's type,
shape and place; the tensors follow. Source: the format's description in huggingface/safetensors.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jupyter_safecoder.errors import ModelError

#: The format's own bound.
_HEADER_BYTES = 100_000_000
_INDEX_BYTES = 64 * 2**20
_GET_AGAIN = "Get the checkpoint again: copy or download it anew."

Shapes = Mapping[str, Sequence[int]]


def find_weights(directory: Path) -> list[Path]:
    """Return a checkpoint's safetensors files and, where it is in several, their index.

    Raises
    ------
    ModelError
        If there are none, one is missing, or the weights are in a format that can run code.
    """
    whole, index = directory / "model.safetensors", directory / "model.safetensors.index.json"
    if whole.is_file():
        return [whole]
    if not index.is_file():
        raise _no_weights(directory)
    try:
        with index.open("rb") as stream:
            names = sorted(set(json.loads(stream.read(_INDEX_BYTES))["weight_map"].values()))
        outside = [name for name in names if Path(name).name != name]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise ModelError(f"{index} cannot be read as an index of weights.", _GET_AGAIN) from None
    if outside:
        raise ModelError(f"{index} names a file outside of the checkpoint.", _GET_AGAIN)
    missing = [name for name in names if not (directory / name).is_file()]
    if missing:
        raise ModelError(
            f"{directory} lacks {len(missing)} of {len(names)} files of weights: {missing[0]}"
            + (" and others." if len(missing) > 1 else "."),
            _GET_AGAIN,
        )
    return [*(directory / name for name in names), index]


def read_shapes(path: Path) -> Shapes:
    """Return the shapes of the tensors in a safetensors file.

    Raises
    ------
    ModelError
        If the header is none, or the file is shorter or longer than it says.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as stream:
            length = int.from_bytes(stream.read(8), "little")
            if length > min(_HEADER_BYTES, size):
                raise ValueError
            header: dict[str, Any] = json.loads(stream.read(length))
        tensors = {name: t for name, t in header.items() if name != "__metadata__"}
        shapes = {name: [int(n) for n in t["shape"]] for name, t in tensors.items()}
        end = 8 + length + max((int(t["data_offsets"][1]) for t in tensors.values()), default=0)
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror}.", _GET_AGAIN) from error
    except (ValueError, KeyError, TypeError, AttributeError, IndexError):
        raise ModelError(f"{path} is damaged: it has no header of tensors.", _GET_AGAIN) from None
    if size != end:
        raise ModelError(
            f"{path} has {size:,} bytes instead of {end:,}: it is truncated or damaged.",
            _GET_AGAIN,
        )
    return shapes


def count_weights(shapes: Shapes) -> int:
    """Return the number of weights in tensors of these shapes."""
    return sum(math.prod(shape) for shape in shapes.values())


def _no_weights(directory: Path) -> ModelError:
    names = [path.name for path in directory.iterdir()]
    pickles = sorted(n for n in names if n.endswith((".bin", ".pt", ".pth", ".ckpt", ".pkl")))
    if pickles:
        return ModelError(
            f"{directory} has its weights in {pickles[0]}, a format that can run code when it is "
            "read: it is refused.",
            "Take the model's safetensors, or convert it where you trust it: "
            "AutoModelForCausalLM.from_pretrained(…).save_pretrained(…, safe_serialization=True).",
        )
    if "adapter_config.json" in names:
        return ModelError(
            f"{directory} holds an adapter, not a model.", "Name the model that it was made for."
        )
    return ModelError(f"{directory} has no model.safetensors.", _GET_AGAIN)
