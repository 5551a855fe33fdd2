"""Stop rule: a line was asked for, and it is written."""

from __future__ import annotations

from collections.abc import Sequence

from jupyter_safecoder.postprocess.lines import Line, StopDecision


def single_line(lines: Sequence[Line]) -> StopDecision | None:
    """End with the cursor's line.

    A model that begins with a new line finds the cursor's line finished: nothing is added to it,
    and the answer comes out blank.
    """
    if len(lines) > 1:
        return StopDecision(lines[0].end, "line")
    return None
