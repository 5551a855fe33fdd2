"""Stop rule: a line was requested, and it is written."""

from __future__ import annotations

from collections.abc import Sequence

from jupyter_safecoder.postprocess.lines import Line, StopDecision


def single_line(lines: Sequence[Line]) -> StopDecision | None:
    """End with the cursor's line.

    If the model starts with a new line, the cursor's line is complete for it: the answer is blank.
    """
    if len(lines) > 1:
        return StopDecision(lines[0].end, "line")
    return None
