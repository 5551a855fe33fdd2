"""What every file may have: imports, license headers, lines that many files have."""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from .repeats import hash_line, is_counted

#: Lines without white space that every file may have.
_LINE = re.compile(
    r"import[\w.,*]+$|from[\w.]+import|fromtypingimport|[#/*!%;-]*(?:coding[:=]|-\*-)|#!/"
    r"|if__name__==['\"]__main__['\"]:$|[#/*\"'-]*$"
)
#: Words of license headers, without white space, in lower case.
_LICENSE = re.compile(
    r"copyright|license|warrant|permission|redistribut|asis|spdx-|allrightsreserved|liab|"
    r"authors?:|merchantab|noninfring|damages|hereby|conditionsofanykind|compliancewith"
)
_COMMENT = re.compile(r"(?:#|//|/?\*|\"\"\"|;|--|%)")


def boilerplate(
    text: str, common: NDArray[np.uint32], spans: Iterable[tuple[int, int]]
) -> NDArray[np.bool_]:
    """Return of each character of a text whether its line is boilerplate.

    Parameters
    ----------
    text
        The text.
    common
        The hashes of lines that many files have, sorted.
    spans
        The parts of the text whose lines are to be examined.
    """
    wanted = np.zeros(len(text) + 1, bool)
    for first, last in spans:
        wanted[first:last] = True
    found = np.zeros(len(text) + 1, bool)
    start = 0
    for line in text.split("\n"):
        end = start + len(line)
        if wanted[start:end].any():
            found[start:end] = _is_boilerplate("".join(line.split()), common)
        start = end + 1
    return found[: len(text)]


def _is_boilerplate(line: str, common: NDArray[np.uint32]) -> bool:
    if _LINE.match(line) or (_COMMENT.match(line) and _LICENSE.search(line.lower())):
        return True
    if not is_counted(line):
        return False
    value = hash_line(line)
    place = int(np.searchsorted(common, value))
    return place < len(common) and int(common[place]) == value
