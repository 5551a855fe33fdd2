"""Reads the header of a GGUF file: its metadata, and where its tensors are.

Format: the GGUF specification (ggml, ``docs/gguf.md``), versions 2 and 3, little-endian. The reader
of the package gguf is not used: it takes ten seconds for a vocabulary of 150,000 tokens, this one
half a second.
"""

from __future__ import annotations

import math
import mmap
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

#: Types of values to formats of :mod:`struct`; besides them there are strings and arrays.
_SCALARS = dict(zip((0, 1, 2, 3, 4, 5, 6, 7, 10, 11, 12), "BbHhIif?Qqd", strict=True))
_STRING, _ARRAY = 8, 9
_MAGIC, _VERSIONS = int.from_bytes(b"GGUF", "little"), (2, 3)
_MAX_DIMENSIONS = 4
_ALIGNMENT = 32
#: Maximum number of fields and of tensors: a model with 126 layers has a thousand tensors.
_MAX_ENTRIES = 65536
#: Maximum bytes of a header, and maximum values in it: those of Gemma 3, with a vocabulary of
#: 262,000 tokens, have 15 MB and 1.3 million.
_MAX_HEADER_BYTES, _MAX_VALUES = 256 * 2**20, 8 * 2**20


@dataclass(frozen=True)
class GgufTensor:
    """A tensor in a GGUF file.

    Parameters
    ----------
    name
        Name in llama.cpp.
    shape
        Sizes of its dimensions, rows first.
    type
        Name of its type, such as ``Q4_K``.
    path
        The file.
    offset, size
        Where its data starts in the file, and how many bytes it has.
    """

    name: str
    shape: tuple[int, ...]
    type: str
    path: Path
    offset: int
    size: int


def read_header(path: Path) -> tuple[dict[str, Any], list[GgufTensor]]:
    """Return the metadata and the tensors of a GGUF file.

    Raises
    ------
    OSError
        If the file cannot be read.
    ValueError
        If it is not a GGUF file, is damaged, or ends before its last tensor does.
    """
    with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
        try:
            return _parse(path, _Cursor(data), len(data))
        except struct.error:
            raise ValueError("the file ends in its header, or the header is too long") from None


def is_gguf(path: Path) -> bool:
    """Return whether a file starts as a GGUF does."""
    try:
        with path.open("rb") as stream:
            return int.from_bytes(stream.read(4), "little") == _MAGIC
    except OSError:
        return False


class _Cursor:
    """A position in the data of a file."""

    def __init__(self, data: mmap.mmap) -> None:
        self._data = data
        self._end = min(len(data), _MAX_HEADER_BYTES)
        self._values_left = _MAX_VALUES
        self.position = 0

    def numbers(self, format: str, count: int = 1) -> tuple[Any, ...]:
        """Return the next numbers, all of one format."""
        size = struct.calcsize(f"<{format}") * count
        if size > self._end - self.position:
            raise struct.error
        values = struct.unpack_from(f"<{count}{format}", self._data, self.position)
        self.position += size
        return values

    def number(self, format: str) -> Any:
        """Return the next number."""
        return self.numbers(format)[0]

    def string(self) -> str:
        """Return the next string."""
        start = self.position + 8
        end = start + self.number("Q")
        if end > self._end:
            raise struct.error
        self.position = end
        return self._data[start:end].decode("utf-8")

    def value(self) -> Any:
        """Return the next value with its type before it."""
        kind = self.number("I")
        if kind != _ARRAY:
            return self._values(kind, 1)[0]
        kind, count = self.number("I"), self.number("Q")
        return self._values(kind, count)

    def _values(self, kind: int, count: int) -> list[Any]:
        self._values_left -= count
        if self._values_left < 0:
            raise ValueError("there are too many values")
        if kind == _STRING:
            return [self.string() for _ in range(count)]
        if kind not in _SCALARS:
            raise ValueError(f"there is a value of the type {kind}")
        return [*self.numbers(_SCALARS[kind], count)]


def _parse(path: Path, cursor: _Cursor, size: int) -> tuple[dict[str, Any], list[GgufTensor]]:
    magic, version = cursor.numbers("I", 2)
    if magic != _MAGIC or version not in _VERSIONS:
        raise ValueError("the file does not start as a GGUF of a known version does")
    tensor_count, field_count = cursor.numbers("Q", 2)
    if max(tensor_count, field_count) > _MAX_ENTRIES:
        raise ValueError("there are too many fields or tensors")
    fields = {cursor.string(): cursor.value() for _ in range(field_count)}
    infos = [_tensor_info(cursor) for _ in range(tensor_count)]
    if len(fields) < field_count or len({name for name, *_ in infos}) < tensor_count:
        raise ValueError("there are several fields or tensors of one name")
    alignment = fields.get("general.alignment", _ALIGNMENT)
    if type(alignment) is not int or not 0 < alignment <= size:
        raise ValueError("the alignment is not valid")
    start = -(-cursor.position // alignment) * alignment
    tensors = [_tensor(path, start, *info) for info in infos]
    if any(tensor.offset + tensor.size > size for tensor in tensors):
        raise ValueError("the file ends before its last tensor does")
    if sum(tensor.size for tensor in tensors) > size:
        raise ValueError("tensors overlap")
    return fields, tensors


def _tensor_info(cursor: _Cursor) -> tuple[str, tuple[int, ...], int, int]:
    name, dimensions = cursor.string(), cursor.number("I")
    if not 0 < dimensions <= _MAX_DIMENSIONS:
        raise ValueError(f"a tensor has {dimensions} dimensions")
    sizes = cursor.numbers("Q", dimensions)
    return name, tuple(reversed(sizes)), cursor.number("I"), cursor.number("Q")


def _tensor(
    path: Path, start: int, name: str, shape: tuple[int, ...], kind: int, offset: int
) -> GgufTensor:
    import gguf

    quantization = gguf.GGMLQuantizationType(kind)
    block, block_bytes = gguf.GGML_QUANT_SIZES[quantization]
    if shape[-1] % block:
        raise ValueError(f"the rows of the tensor {name} are not whole blocks")
    size = math.prod(shape) // block * block_bytes
    return GgufTensor(name, shape, quantization.name, path, start + offset, size)
