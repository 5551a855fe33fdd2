"""How the two sequences of an index are sampled."""

from __future__ import annotations

from typing import Literal

from .sequence import Shape
from .structure import LINE_BYTES

Kind = Literal["verbatim", "structure"]
#: Characters of a verbatim copy, and lines of code of a copy with other names, that are found.
MIN_CHARACTERS, MIN_LINES = 50, 8
_SEED_LINES = 2
#: ``verbatim``: a byte for each character. ``structure``: a hash for each line of code.
SHAPES: dict[Kind, Shape] = {
    "verbatim": Shape(seed=11, stride=40),
    "structure": Shape(
        seed=_SEED_LINES * LINE_BYTES,
        stride=(MIN_LINES - _SEED_LINES + 1) * LINE_BYTES,
        step=LINE_BYTES,
    ),
}
