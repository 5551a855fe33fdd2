"""Stop rule: a line was asked for, and it is written."""

from __future__ import annotations

from collections.abc import Sequence

from .answer import Cut, Line


def line(lines: Sequence[Line]) -> Cut | None:
    """End with the cursor's line.

    A model that begins with a new line finds the cursor's line finished: nothing is added to it,
    and the answer comes out blank.
    """
    if len(lines) > 1:
        return Cut(lines[0].end, "line")
    return None
