"""Stop rule: the answer has the maximum number of lines."""

from __future__ import annotations

from collections.abc import Sequence

from jupyter_safecoder.postprocess.lines import Line, StopDecision


def max_lines(lines: Sequence[Line], limit: int) -> StopDecision | None:
    """End after the last line that is allowed; blank lines do not count."""
    written = [line for line in lines[:-1] if not line.blank and line.end > line.start]
    if len(written) >= limit:
        return StopDecision(written[limit - 1].end, "lines")
    return None
