"""Reads TOML on every supported version of Python."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from typing import Any


def parse_toml(text: str) -> dict[str, Any]:
    """Return the content of a TOML document.

    Raises
    ------
    ValueError
        If it is not TOML; the message names the line.
    """
    # Python has its own reader from 3.11 on; before, the package tomli is installed.
    reader: Any = import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")
    try:
        data: dict[str, Any] = reader.loads(text)
    except RecursionError:
        raise ValueError("The document is nested too deeply") from None
    return data


def read_toml(path: Path) -> dict[str, Any]:
    """Return the content of a TOML file.

    Raises
    ------
    OSError
        If it cannot be read.
    ValueError
        If it is not UTF-8, or not TOML.
    """
    return parse_toml(path.read_text("utf-8"))
