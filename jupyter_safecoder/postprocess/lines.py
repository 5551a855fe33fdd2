"""The answer as lines, each with what is open where it begins."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .cursor_context import CursorContext
from .filter_input import FinishReason
from .nesting import Nesting, scan_nesting


@dataclass(frozen=True)
class Line:
    """One line of the answer.

    Parameters
    ----------
    start, end : int
        Offsets in the answer; `end` is that of the line's end character, or of the answer's end.
    text : str
        The line as it will stand in the cell: the first one has the cursor's line before it.
    complete : bool
        Whether the line can grow no more.
    first : bool
        Whether it is the cursor's own line.
    before, after : Nesting
        What is open where the line begins and where it ends.
    """

    start: int
    end: int
    text: str
    complete: bool
    first: bool
    before: Nesting
    after: Nesting

    @property
    def blank(self) -> bool:
        """Whether the line has no text."""
        return not self.text.strip()


@dataclass(frozen=True)
class StopDecision:
    """A rule's objection: the answer ends (or, if not `sure`, may have to end) at `at`."""

    at: int
    reason: FinishReason
    is_final: bool = True


def lines_of(answer: str, around: CursorContext, *, over: bool) -> Iterator[Line]:
    """The lines of `answer`; `over` says that its last line can grow no more."""
    start, nesting = 0, around.nesting
    while True:
        at = answer.find("\n", start)
        end = len(answer) if at < 0 else at
        after = scan_nesting(answer[start:end], around.syntax, nesting)
        yield Line(
            start=start,
            end=end,
            text=(around.line if start == 0 else "") + answer[start:end],
            complete=at >= 0 or (over and not answer[start:].isspace() and start < end),
            first=start == 0,
            before=nesting,
            after=after,
        )
        if at < 0:
            return
        nesting = scan_nesting(answer[start : end + 1], around.syntax, nesting)
        start = end + 1
