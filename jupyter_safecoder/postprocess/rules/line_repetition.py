"""Stop rule: the answer repeats lines."""

from __future__ import annotations

import re
from collections.abc import Sequence

from jupyter_safecoder.postprocess.cursor_context import CursorContext
from jupyter_safecoder.postprocess.lines import Line, StopDecision

#: Rows of numbers and brackets are repeated in good code; lines with a word or a comment are not.
_WORD_OR_COMMENT = re.compile(r"[^\W\d_]{2}|#")
_MAX_PERIOD = 6


def line_repetition(lines: Sequence[Line], context: CursorContext) -> StopDecision | None:
    """End before the lines that repeat.

    One line must come three times in a row, a cycle of two lines three times, a longer one twice.
    Lines above the cursor count as earlier ones. A copy of the line directly above is one too many.
    Until that is decided, lines that would continue the repetition are held back.
    """
    written = [line for line in lines if not line.blank and not _is_typed(line, context)]
    if not written:
        return None
    last = written[-1]
    typed = [line.text.rstrip() for line in lines[:1] if _is_typed(line, context)]
    texts = [*context.above, *typed, *(line.text.rstrip() for line in written)]
    pending: StopDecision | None = None
    for period in range(1, _MAX_PERIOD + 1):
        run = _repeated_lines(texts, period, complete=last.complete)
        if not run or not _WORD_OR_COMMENT.search("".join(texts[-period - 1 : -1])):
            continue
        first = written[max(len(written) - run, 0)]
        is_copy = period == 1 and first is written[0]
        needed = 1 if is_copy else period * (2 if period < 3 else 1)
        if last.complete and run >= needed:
            return StopDecision(first.start, "repeat")
        if pending is None or first.start < pending.at:
            pending = StopDecision(first.start, "repeat", is_final=False)
    return pending


def _is_typed(line: Line, context: CursorContext) -> bool:
    """Return whether the user started this line: then it is not a copy of another."""
    return line.first and not context.blank


def _repeated_lines(texts: Sequence[str], period: int, *, complete: bool) -> int:
    """Return how many lines at the end equal the ones ``period`` lines before them.

    Parameters
    ----------
    texts
        The lines.
    period
        Distance of the compared lines.
    complete
        Whether the last line is complete; otherwise it need only be the start of another.
    """
    last = len(texts) - 1
    if last < period:
        return 0
    earlier = texts[last - period]
    if not (texts[last] == earlier if complete else earlier.startswith(texts[last])):
        return 0
    run = 1
    while last - run >= period and texts[last - run] == texts[last - run - period]:
        run += 1
    return run
