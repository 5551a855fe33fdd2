"""The part of a request that postprocessing needs: where the cursor is, and how much to write."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, TypeAlias

#: How much to write: the rest of the cursor's line, or the lines that belong together.
Mode: TypeAlias = Literal["line", "block"]

#: The values of the protocol's ``finish_reason`` that postprocessing gives.
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
    "low_confidence",
    "invisible",
    "command",
]


@dataclass(frozen=True)
class FilterInput:
    """A request, as the rules see it.

    Parameters
    ----------
    prefix, suffix
        Text of the current cell before and after the cursor, unchanged.
    language
        Language of the cell in lower case, such as ``python``.
    mode
        How much to write, see :func:`.mode_at`.
    max_lines
        Maximum number of non-blank lines of an answer.
    min_logprob
        Minimum log-probability of a line; minus infinity: any is shown.
    above
        Code of the cells above, which says how to indent where the cell does not.
    allow_commands
        Whether lines that command the kernel, such as ``!rm``, may be in the answer where the user
        has not begun one: those that are asked for by key.
    """

    prefix: str
    suffix: str
    language: str
    mode: Mode
    max_lines: int
    min_logprob: float = -math.inf
    above: str = ""
    allow_commands: bool = False
