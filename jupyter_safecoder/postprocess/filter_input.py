"""What is asked for: where the cursor is and how much to write."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Mode: TypeAlias = Literal["line", "block"]
"""The rest of the cursor's line, or as many lines as belong together."""

FinishReason: TypeAlias = Literal[
    "end",
    "length",
    "lines",
    "line",
    "dedent",
    "repeat",
    "suffix",
    "deadline",
    "blank",
    "duplicate",
]
"""Those of the protocol's ``finish_reason`` values that this package can give."""


@dataclass(frozen=True)
class FilterInput:
    """One request, as the rules see it.

    Parameters
    ----------
    prefix, suffix : str
        The current cell's text before and after the cursor, untouched.
    language : str
        The cell's language in lower case, such as ``python``.
    extent : {"line", "block"}
        How much to write; see `extent_at`.
    max_lines : int
        The most non-blank lines that an answer may have.
    """

    prefix: str
    suffix: str
    language: str
    mode: Mode
    max_lines: int
