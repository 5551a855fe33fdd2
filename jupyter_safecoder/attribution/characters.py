"""The characters of a text that count for a verbatim copy: all but white space."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

#: From this code point on no character is white space.
_NO_SPACE = 0x3001
_IS_SPACE = np.array([chr(code).isspace() for code in range(_NO_SPACE + 1)])
#: A longer run of one character counts as one of this length: lines of dashes are no code.
_MAX_RUN = 3


@dataclass(frozen=True)
class Characters:
    """What counts of a text.

    Parameters
    ----------
    codes
        A byte for each character; other characters than those of ASCII are folded into a byte.
    offsets
        The offset of each in the text.
    """

    codes: NDArray[np.uint8]
    offsets: NDArray[np.int64]


def characters_of(text: str) -> Characters:
    """Return the characters of a text that count."""
    points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
    offsets = np.flatnonzero(~_IS_SPACE[np.minimum(points, _NO_SPACE)])
    points = points[offsets]
    kept = _kept(points)
    return Characters(_fold(points[kept]), offsets[kept])


def codes_of(squeezed: str) -> NDArray[np.uint8]:
    """Return the codes of a text without white space, as :func:`characters_of` has them."""
    if squeezed.isascii():
        points = np.frombuffer(squeezed.encode("ascii"), np.uint8)
        return points[_kept(points)]
    wide = np.frombuffer(squeezed.encode("utf-32-le", "surrogatepass"), np.uint32)
    return _fold(wide[_kept(wide)])


def _kept(points: NDArray[np.generic]) -> NDArray[np.bool_]:
    """Return which characters stay of runs of the same one."""
    kept = np.ones(len(points), bool)
    if len(points) > _MAX_RUN:
        same = points[1:] == points[:-1]
        run = same[_MAX_RUN - 1 :].copy()
        for shift in range(1, _MAX_RUN):
            run &= same[_MAX_RUN - 1 - shift : len(same) - shift]
        kept[_MAX_RUN:] = ~run
    return kept


def _fold(points: NDArray[np.uint32]) -> NDArray[np.uint8]:
    return (points ^ (points >> 8) ^ (points >> 16)).astype(np.uint8)
