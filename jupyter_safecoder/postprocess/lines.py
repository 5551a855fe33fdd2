"""Splits an answer into lines, each with what is open where it starts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .cursor_context import CursorContext
from .filter_input import FinishReason
from .nesting import Nesting, scan_nesting


@dataclass(frozen=True)
class Line:
    """A line of the answer.

    Parameters
    ----------
    start, end
        Offsets in the answer; ``end`` is that of the line's newline, or of the answer's end.
    text
        The line as it will be in the cell: the first one includes the cursor's line before it.
    complete
        Whether the line cannot grow any more.
    first
        Whether it is the cursor's line.
    before, after
        What is open where the line starts and where it ends.
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
    """The decision of a stop rule to end the answer.

    Parameters
    ----------
    at
        Offset in the answer where it ends.
    reason
        Why.
    is_final
        ``False``: the answer may have to end there; the text from there on is held back.
    """

    at: int
    reason: FinishReason
    is_final: bool = True


def split_lines(answer: str, context: CursorContext, *, final: bool) -> Iterator[Line]:
    """Yield the lines of an answer.

    Parameters
    ----------
    answer
        The answer so far.
    context
        The cell around the cursor.
    final
        Whether the last line cannot grow any more.
    """
    start, nesting = 0, context.nesting
    while True:
        newline = answer.find("\n", start)
        end = len(answer) if newline < 0 else newline
        after = scan_nesting(answer[start:end], context.syntax, nesting)
        yield Line(
            start=start,
            end=end,
            text=(context.line if start == 0 else "") + answer[start:end],
            complete=newline >= 0 or (final and not answer[start:].isspace() and start < end),
            first=start == 0,
            before=nesting,
            after=after,
        )
        if newline < 0:
            return
        nesting = scan_nesting(answer[start : end + 1], context.syntax, nesting)
        start = end + 1
