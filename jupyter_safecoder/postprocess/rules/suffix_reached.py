"""Stop rule: the answer reaches the text after the cursor."""

from __future__ import annotations

from collections.abc import Sequence

from jupyter_safecoder.postprocess.cursor_context import CursorContext
from jupyter_safecoder.postprocess.lines import Line, StopDecision


def suffix_reached(lines: Sequence[Line], context: CursorContext) -> StopDecision | None:
    """End before a line that equals the line below the cursor, indentation included.

    The answer also ends when it has closed a bracket that the text after the cursor closes. A line
    inside a bracket or string that the answer itself opened is part of it: its ``)`` is not the one
    below. Until a line differs from the one below, it is held back.
    """
    line = lines[-1]
    if len(line.before.brackets) < context.pending_closers:
        return StopDecision(line.start, "suffix")
    if line.blank or not context.below or (line.first and not context.blank):
        return None
    opened = line.before.brackets[len(context.nesting.brackets) :]
    if opened or line.before.quote != context.nesting.quote:
        return None
    text = line.text.rstrip()
    if line.complete:
        return StopDecision(line.start, "suffix") if text == context.below else None
    if context.below.startswith(text):
        return StopDecision(line.start, "suffix", is_final=False)
    return None
