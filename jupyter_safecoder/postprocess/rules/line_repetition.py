"""Stop rule: the answer goes round in circles, line after line."""

from __future__ import annotations

import re
from collections.abc import Sequence

from jupyter_safecoder.postprocess.cursor_context import CursorContext
from jupyter_safecoder.postprocess.lines import Line, StopDecision

# Rows of numbers and brackets repeat in honest code; a line with a word or a comment in it tells.
_TELLING = re.compile(r"[^\W\d_]{2}|#")
_LONGEST_CYCLE = 6


def line_repetition(lines: Sequence[Line], around: CursorContext) -> StopDecision | None:
    """End before the lines begin to repeat.

    One line must come three times in a row, a cycle of two lines three times, a longer one
    twice; the lines above count as come before. A copy of the line right above is one too many.
    Until that is decided, lines that would go with the repetition are held back.
    """
    written = [kept for kept in lines if not kept.blank and not _typed(kept, around)]
    if not written:
        return None
    line = written[-1]
    typed = [kept.text.rstrip() for kept in lines[:1] if _typed(kept, around)]
    texts = [*around.above, *typed, *(kept.text.rstrip() for kept in written)]
    held: StopDecision | None = None
    for period in range(1, _LONGEST_CYCLE + 1):
        run = _run(texts, period, complete=line.complete)
        if not run or not _TELLING.search("".join(texts[-period - 1 : -1])):
            continue
        begun = written[max(len(written) - run, 0)]
        copied = period == 1 and begun is written[0]
        needed = 1 if copied else period * (2 if period < 3 else 1)
        if line.complete and run >= needed:
            return StopDecision(begun.start, "repeat")
        if held is None or begun.start < held.at:
            held = StopDecision(begun.start, "repeat", is_final=False)
    return held


def _typed(line: Line, around: CursorContext) -> bool:
    """Whether somebody began this line: then it is no copy, whatever it equals."""
    return line.first and not around.blank


def _run(texts: Sequence[str], period: int, *, complete: bool) -> int:
    """How many lines at the end equal the ones `period` lines before; the last may be partial."""
    last = len(texts) - 1
    if last < period:
        return 0
    model = texts[last - period]
    if not (texts[last] == model if complete else model.startswith(texts[last])):
        return 0
    run = 1
    while last - run >= period and texts[last - run] == texts[last - run - period]:
        run += 1
    return run
