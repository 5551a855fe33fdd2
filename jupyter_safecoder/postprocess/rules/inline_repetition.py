"""Stop rule: the answer goes round in circles within one line."""

from __future__ import annotations

import re
from collections.abc import Sequence

from jupyter_safecoder.postprocess.lines import Line, StopDecision

_REPEATED = re.compile(r"(\S[^\n]{0,31}?)\1{5,}")
_WORDS, _LIST, _RULER = 6, 20, 100


def inline_repetition(lines: Sequence[Line]) -> StopDecision | None:
    """End after the first of the repeated pieces.

    Six times `np.` is no code. Pieces with a comma or a space are items of a list or of a format
    and may come oftener; a single character may fill a ruler.
    """
    line = lines[-1]
    # The cursor's own line may hold a ruler that somebody typed: only the answer's part counts.
    text = line.text[len(line.text) - (line.end - line.start) :]
    for found in _REPEATED.finditer(text):
        if len(found[0]) // len(found[1]) >= _allowed(found[1]):
            return StopDecision(line.start + found.end(1), "repeat")
    return None


def _allowed(piece: str) -> int:
    if len(set(piece)) == 1:
        return _RULER // len(piece)
    listed = "," in piece or " " in piece or not any(map(str.isalpha, piece))
    return _LIST if listed else _WORDS
