"""The characters of a text that count for a verbatim copy: all but white space."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

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
    points = _points(squeezed)
    return _fold(points[_kept(points)])


def codes_of_lines(lines: Sequence[str]) -> list[bytes]:
    """Return the codes of the lines of a text: together, those of the text.

    Parameters
    ----------
    lines
        Lines without white space.
    """
    points = _points("".join(lines))
    kept = _kept(points)
    data = _fold(points[kept]).tobytes()
    numbers = np.concatenate([[0], np.cumsum(kept)])
    ends = numbers[np.cumsum([0, *map(len, lines)])].tolist()
    return [data[start:end] for start, end in pairwise(ends)]


def _points(squeezed: str) -> NDArray[Any]:
    """Return the code points of a text, a byte for each if it is ASCII."""
    if squeezed.isascii():
        return np.frombuffer(squeezed.encode("ascii"), np.uint8)
    return np.frombuffer(squeezed.encode("utf-32-le", "surrogatepass"), np.uint32)


def _kept(points: NDArray[Any]) -> NDArray[np.bool_]:
    """Return which characters stay of runs of the same one."""
    kept = np.ones(len(points), bool)
    if len(points) > _MAX_RUN:
        same = points[1:] == points[:-1]
        run = same[_MAX_RUN - 1 :].copy()
        for shift in range(1, _MAX_RUN):
            run &= same[_MAX_RUN - 1 - shift : len(same) - shift]
        kept[_MAX_RUN:] = ~run
    return kept


def _fold(points: NDArray[Any]) -> NDArray[np.uint8]:
    if points.dtype == np.uint8:
        return points
    folded: NDArray[np.uint8] = (points ^ (points >> 8) ^ (points >> 16)).astype(np.uint8)
    return folded
