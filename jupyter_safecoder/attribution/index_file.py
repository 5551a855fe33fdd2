"""The file of an index: a header in JSON, then arrays, which are mapped into memory.

::

    8 bytes   SCATTRIB
    4 bytes   version, unsigned, little-endian
    4 bytes   number of bytes of the header
    32 bytes  SHA-256 of the header
    header    JSON: what the index is, and of each array its name, type, offset and length
    arrays    each from an offset that is a multiple of 8, counted from the end of the header

The header has the SHA-256 of all arrays: :func:`verify` compares it.
"""

from __future__ import annotations

import hashlib
import json
import mmap
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jupyter_safecoder.errors import InvalidInput, UnusableIndex
from jupyter_safecoder.files import atomic_write
from jupyter_safecoder.validation import validate

#: Extension of the files.
EXTENSION = ".attribution"
_MAGIC, _VERSION = b"SCATTRIB", 1
_HEAD = struct.Struct("<8sII32s")
_MAX_HEADER_BYTES = 2**20
_CHUNK_BYTES = 2**20
_TYPES = {"u1": 1, "u4": 4, "u8": 8}
_ARRAY = {
    "type": "object",
    "additionalProperties": False,
    "required": ["type", "offset", "length"],
    "properties": {
        "type": {"enum": [*_TYPES]},
        "offset": {"type": "integer", "minimum": 0, "multipleOf": 8},
        "length": {"type": "integer", "minimum": 0},
    },
}
_SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "required": ["facts", "arrays", "sha256"],
    "properties": {
        "facts": {"type": "object"},
        "arrays": {"type": "object", "maxProperties": 64, "additionalProperties": _ARRAY},
        "sha256": {"type": "string"},
    },
}


@dataclass(frozen=True)
class IndexFile:
    """An open file.

    Parameters
    ----------
    path
        Its path.
    facts
        What the index is.
    arrays
        Its arrays, mapped: nothing is read before it is used.
    sha256
        SHA-256 of the arrays, as the header has it.
    """

    path: Path
    facts: dict[str, Any]
    arrays: dict[str, NDArray[Any]]
    sha256: str


def write_index(path: Path, facts: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write an index, whole or not at all, for its owner only.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    described, offset, digest = {}, 0, hashlib.sha256()
    parts: list[NDArray[Any]] = []
    for name, array in arrays.items():
        kind = f"u{array.dtype.itemsize}"
        described[name] = {"type": kind, "offset": offset, "length": len(array)}
        padding = np.zeros(-array.nbytes % 8, np.uint8)
        parts += [np.ascontiguousarray(array).view(np.uint8), padding]
        offset += array.nbytes + len(padding)
    for part in parts:
        digest.update(part.data)
    content = {"facts": facts, "arrays": described, "sha256": digest.hexdigest()}
    header = json.dumps(content).encode()
    header += b" " * (-(len(header) + _HEAD.size) % 8)
    with atomic_write(path) as stream:
        stream.write(_HEAD.pack(_MAGIC, _VERSION, len(header), hashlib.sha256(header).digest()))
        stream.write(header)
        for part in parts:
            stream.write(part.data)


def open_index(path: Path) -> IndexFile:
    """Return an open index; its arrays are not verified.

    Raises
    ------
    UnusableIndex
        If it cannot be read, is no index, is of another version, or was cut off.
    """
    try:
        with path.open("rb") as stream:
            magic, version, size, sha256 = _HEAD.unpack(stream.read(_HEAD.size))
            if magic != _MAGIC:
                raise _unusable(path, "is no index of code")
            if version != _VERSION:
                raise _unusable(path, f"has version {version}, and this program reads {_VERSION}")
            header = stream.read(size) if size <= _MAX_HEADER_BYTES else b""
            if hashlib.sha256(header).digest() != sha256:
                raise _unusable(path, "is damaged: its header has another hash")
            content = json.loads(header)
            validate(_SCHEMA, content, "the header")
            mapped = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
    except OSError as error:
        raise UnusableIndex(f"{path} cannot be read: {error.strerror}.") from None
    except (struct.error, ValueError, RecursionError, InvalidInput):
        raise _unusable(path, "is no index of code, or damaged") from None
    start = _HEAD.size + size
    arrays = {}
    for name, one in content["arrays"].items():
        first, length = start + int(one["offset"]), int(one["length"])
        if first + length * _TYPES[one["type"]] > len(mapped):
            raise _unusable(path, "was cut off")
        arrays[name] = np.frombuffer(mapped, f"<{one['type']}", length, first)
    return IndexFile(path, content["facts"], arrays, content["sha256"])


def verify(file: IndexFile) -> None:
    """Compare the arrays with their hash.

    Raises
    ------
    UnusableIndex
        If they were altered, or the file was cut off.
    """
    digest = hashlib.sha256()
    try:
        with file.path.open("rb") as stream:
            size = _HEAD.unpack(stream.read(_HEAD.size))[2]
            stream.seek(size, 1)
            while chunk := stream.read(_CHUNK_BYTES):
                digest.update(chunk)
    except (OSError, struct.error):
        raise _unusable(file.path, "cannot be read") from None
    if digest.hexdigest() != file.sha256:
        raise _unusable(file.path, "is damaged: its content has another hash")


def _unusable(path: Path, what: str) -> UnusableIndex:
    return UnusableIndex(
        f"{path} {what}.", "Build it again: 'jupyter safecoder attribution build'."
    )
