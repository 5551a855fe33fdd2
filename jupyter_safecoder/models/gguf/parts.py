"""Finds the files of a GGUF that llama.cpp's ``gguf-split`` has divided.

Source: llama.cpp, ``tools/gguf-split`` and ``llama_split_path`` in ``src/llama.cpp``. The name of a
part ends in its number and their count; ``split.no`` in its header counts from 0.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jupyter_safecoder.errors import ModelError

_NAME = re.compile(r"(?P<stem>.+)-(?P<number>\d{5})-of-(?P<count>\d{5})\.gguf", re.IGNORECASE)
_GET_AGAIN = "Copy or download all parts into one directory, under their own names."


def find_parts(path: Path) -> list[Path]:
    """Return the files of a GGUF in order.

    Parameters
    ----------
    path
        The file, or any of its parts.

    Raises
    ------
    ModelError
        If a part is missing.
    """
    match = _NAME.fullmatch(path.name)
    if match is None:
        return [path]
    count = int(match["count"])
    parts = [
        path.with_name(f"{match['stem']}-{number:05}-of-{match['count']}{path.suffix}")
        for number in range(1, count + 1)
    ]
    missing = [part for part in parts if not part.is_file()]
    if path not in parts:
        raise ModelError(f"{path} has a number that none of {count} parts has.", _GET_AGAIN)
    if missing:
        raise ModelError(
            f"{path.parent} lacks {len(missing)} of {count} parts of {match['stem']}: "
            f"{missing[0].name}" + (" and others." if len(missing) > 1 else "."),
            _GET_AGAIN,
        )
    return parts


def model_name(path: Path) -> str:
    """Return the name of a GGUF without the number of a part."""
    match = _NAME.fullmatch(path.name)
    return match["stem"] if match else path.stem


def is_later_part(path: Path) -> bool:
    """Return whether a file is a part of a GGUF, but not the first one."""
    match = _NAME.fullmatch(path.name)
    return match is not None and int(match["number"]) != 1


def check_parts(parts: Sequence[Path], headers: Sequence[Mapping[str, Any]], tensors: int) -> None:
    """Check that files are the parts of one GGUF.

    Parameters
    ----------
    parts
        The files.
    headers
        Their metadata, in the same order.
    tensors
        Number of tensors in all of them.

    Raises
    ------
    ModelError
        If they are not.
    """
    counts = {int(header.get("split.count", 1)) or 1 for header in headers}
    if counts != {len(parts)} and len(parts) == 1:
        raise ModelError(
            f"{parts[0]} is one of {max(counts)} parts of a GGUF, but its name is not that of one.",
            _GET_AGAIN,
        )
    numbers = [int(header.get("split.no", 0)) for header in headers]
    expected = int(headers[0].get("split.tensors.count", tensors))
    if counts != {len(parts)} or numbers != [*range(len(parts))] or expected != tensors:
        raise ModelError(f"{parts[0]} and its other parts are not of one GGUF.", _GET_AGAIN)
