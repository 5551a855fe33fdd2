"""Reads, writes and changes safetensors: a checkpoint's tensors, if it is complete, its weights.

Format: eight bytes, little-endian, are the length of a JSON header, which has the type, shape and
offsets of each tensor; the tensors follow. Source: the format's description in
huggingface/safetensors. Its library is not used here because it returns bf16 only as torch tensors,
and its messages do not name the number of missing bytes.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from jupyter_safecoder.errors import ModelError

#: The format's own limit.
_MAX_HEADER_BYTES = 100_000_000
_MAX_INDEX_BYTES = 64 * 2**20
#: Suffixes of files of weights that can run code when they are read.
_PICKLE_SUFFIXES = (".bin", ".pt", ".pth", ".ckpt", ".pkl")
#: Types of tensors to NumPy types; bf16, which NumPy lacks, as its bits.
_NUMPY_TYPES = {"F32": "<f4", "F16": "<f2", "BF16": "<u2"}
#: Bytes of a number of each type.
_TYPE_BYTES = {
    **dict.fromkeys(("F64", "I64", "U64"), 8),
    **dict.fromkeys(("F32", "I32", "U32"), 4),
    **dict.fromkeys(("F16", "BF16", "I16", "U16"), 2),
    **dict.fromkeys(("BOOL", "I8", "U8"), 1),
}
_GET_AGAIN = "Copy or download the checkpoint again."

Shapes = Mapping[str, Sequence[int]]


def find_weights(directory: Path) -> list[Path]:
    """Return a checkpoint's safetensors files and, if there are several, their index.

    Raises
    ------
    ModelError
        If there are none, one is missing, or the weights are in a format that can run code.
    """
    single, index = directory / "model.safetensors", directory / "model.safetensors.index.json"
    if single.is_file():
        return [single]
    if not index.is_file():
        raise _no_weights(directory)
    try:
        with index.open("rb") as stream:
            names = sorted(set(json.loads(stream.read(_MAX_INDEX_BYTES))["weight_map"].values()))
        outside = [name for name in names if Path(name).name != name]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
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
        If the header is invalid, or the size of the file is not the one that it gives.
    """
    try:
        size = path.stat().st_size
        tensors, data_start = _read_header(path)
        shapes = {name: [*tensor["shape"]] for name, tensor in tensors.items()}
        end = data_start + _check_header(tensors)
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror}.", _GET_AGAIN) from error
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError):
        raise ModelError(f"{path} is damaged: it has no valid header.", _GET_AGAIN) from None
    if size != end:
        raise ModelError(
            f"{path} has {size:,} bytes instead of {end:,}: it is truncated or damaged.",
            _GET_AGAIN,
        )
    return shapes


def read_tensors(path: Path) -> Iterator[tuple[str, Any]]:
    """Yield the name and values of each tensor in a safetensors file.

    Yields
    ------
    tuple
        Name, and a NumPy array of type fp32 in the tensor's shape.

    Raises
    ------
    OSError
        If the file cannot be read.
    ValueError
        If a tensor is of another type than fp32, fp16 or bf16.
    """
    import numpy

    tensors, data_start = _read_header(path)
    data = numpy.memmap(path, dtype="u1", mode="r", offset=data_start)
    for name, tensor in tensors.items():
        start, end = tensor["data_offsets"]
        yield name, _to_fp32(data[start:end], name, tensor)


def write_tensors(path: Path, shapes: Shapes, values: Iterable[Any]) -> None:
    """Write a safetensors file in fp16, with one tensor at a time in memory.

    Parameters
    ----------
    path
        The file.
    shapes
        Names and shapes of the tensors.
    values
        A NumPy array for each of them, in the same order.

    Raises
    ------
    OSError
        If the file cannot be written.
    """
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    end = 0
    for name, shape in shapes.items():
        start, end = end, end + 2 * math.prod(shape)
        header[name] = {"dtype": "F16", "shape": [*shape], "data_offsets": [start, end]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)  # the tensors are aligned
    with path.open("wb") as stream:
        stream.write(len(text).to_bytes(8, "little") + text)
        for array, shape in zip(values, shapes.values(), strict=True):
            stream.write(array.astype("<f2").reshape(shape).tobytes())


def update_tensors(path: Path, changes: Mapping[str, Callable[[Any], Any]]) -> None:
    """Change tensors of a safetensors file, with one at a time in memory; types and shapes stay.

    Parameters
    ----------
    path
        The file, which is written in place.
    changes
        By the name of a tensor, which may be in another file: a function of its values, a NumPy
        array of type fp32, that returns the new ones. It may use the same array.

    Raises
    ------
    OSError
        If the file cannot be read or written.
    ValueError
        If a tensor is of another type than fp32, fp16 or bf16, or a new value does not fit its
        type.
    """
    import numpy

    tensors, data_start = _read_header(path)
    with path.open("r+b") as stream:
        for name, tensor in tensors.items():
            if name not in changes:
                continue
            start, end = tensor["data_offsets"]
            data: Any = numpy.empty(end - start, "u1")
            stream.seek(data_start + start)
            stream.readinto(data)
            values = changes[name](_to_fp32(data, name, tensor))
            stream.seek(data_start + start)
            stream.write(_from_fp32(values, name, tensor["dtype"]))


def count_weights(shapes: Shapes) -> int:
    """Return the number of weights in tensors of these shapes."""
    return sum(math.prod(shape) for shape in shapes.values())


def _to_fp32(data: Any, name: str, tensor: Mapping[str, Any]) -> Any:
    """Return the values of a tensor, from its bytes and its entry in the header."""
    import numpy

    if tensor.get("dtype") not in _NUMPY_TYPES:
        raise ValueError(f"the tensor {name} is of the type {tensor.get('dtype')}")
    values = data.view(_NUMPY_TYPES[tensor["dtype"]])
    if tensor["dtype"] == "BF16":  # the upper half of an fp32
        values = (values.astype("<u4") << 16).view("<f4")
    return numpy.asarray(values, dtype="<f4").reshape(tensor["shape"])


def _from_fp32(values: Any, name: str, dtype: str) -> Any:
    """Return values in a type of safetensors, rounded to the nearest, ties to even."""
    import numpy

    with numpy.errstate(over="ignore"):  # values that do not fit become infinite
        rounded = numpy.ascontiguousarray(values, "<f2" if dtype == "F16" else "<f4")
    if not numpy.isfinite(rounded).all():
        raise ValueError(f"the tensor {name} has values that do not fit the type {dtype}")
    if dtype != "BF16":
        return rounded
    bits = rounded.view("<u4")
    return ((bits + 0x7FFF + (bits >> 16 & 1)) >> 16).astype("<u2")


def _read_header(path: Path) -> tuple[dict[str, Any], int]:
    """Return the header's entry for each tensor, and the offset in the file where data starts."""
    with path.open("rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
        if length > min(_MAX_HEADER_BYTES, path.stat().st_size):
            raise ValueError("the header is longer than the file")
        header: dict[str, Any] = json.loads(stream.read(length))
    tensors = {name: tensor for name, tensor in header.items() if name != "__metadata__"}
    return tensors, 8 + length


def _check_header(tensors: Mapping[str, Any]) -> int:
    """Check the entries of a header; return the number of bytes of all tensors.

    Tensors follow each other without a gap, as the format demands: of two that overlap, a small
    file could have thousands.
    """
    end = 0
    for tensor in sorted(tensors.values(), key=lambda tensor: tensor["data_offsets"]):
        start, next_start = tensor["data_offsets"]
        numbers = (start, next_start, *tensor["shape"])
        if not all(type(number) is int and number >= 0 for number in numbers):
            raise ValueError("a shape or an offset is no number")
        size = _TYPE_BYTES.get(tensor["dtype"])
        if start != end or next_start < start:
            raise ValueError("tensors overlap, or there is a gap")
        if size is not None and math.prod(tensor["shape"]) * size != next_start - start:
            raise ValueError("a tensor has another size than its shape")
        end = next_start
    return end


def _no_weights(directory: Path) -> ModelError:
    names = [path.name for path in directory.iterdir()]
    pickles = sorted(name for name in names if name.endswith(_PICKLE_SUFFIXES))
    if pickles:
        return ModelError(
            f"{directory} has its weights in {pickles[0]}, a format that can run code when it is "
            "read: it is refused.",
            "Use the model's safetensors, or convert it where you trust it: "
            "AutoModelForCausalLM.from_pretrained(…).save_pretrained(…, safe_serialization=True).",
        )
    if "adapter_config.json" in names:
        return ModelError(
            f"{directory} holds an adapter, not a model.",
            "Name the model that the adapter was made for.",
        )
    return ModelError(f"{directory} has no model.safetensors.", _GET_AGAIN)
