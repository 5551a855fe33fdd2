"""Stop rule: no more than so many lines."""

from __future__ import annotations

from collections.abc import Sequence

from .answer import Cut, Line


def cap(lines: Sequence[Line], max_lines: int) -> Cut | None:
    """End with the last line that is allowed; blank lines do not count."""
    written = [line for line in lines[:-1] if not line.blank and line.end > line.start]
    if len(written) >= max_lines:
        return Cut(written[max_lines - 1].end, "lines")
    return None
