"""Stop rule: the answer reaches the text that follows it."""

from __future__ import annotations

from collections.abc import Sequence

from jupyter_safecoder.postprocess.cursor_context import CursorContext
from jupyter_safecoder.postprocess.lines import Line, StopDecision


def suffix_reached(lines: Sequence[Line], around: CursorContext) -> StopDecision | None:
    """End before a line that stands right below, indentation and all.

    End too once the answer has closed a bracket that the text after the cursor closes. A line
    inside a bracket or string that the answer itself opened is part of it: its `)` is not the
    one below. Until a line differs from the one below it is held back.
    """
    line = lines[-1]
    if len(line.before.brackets) < around.pending_closers:
        return StopDecision(line.start, "suffix")
    if line.blank or not around.below or (line.first and not around.blank):
        return None
    opened = line.before.brackets[len(around.nesting.brackets) :]
    if opened or line.before.quote != around.nesting.quote:
        return None
    text = line.text.rstrip()
    if line.complete:
        return StopDecision(line.start, "suffix") if text == around.below else None
    if around.below.startswith(text):
        return StopDecision(line.start, "suffix", is_final=False)
    return None
