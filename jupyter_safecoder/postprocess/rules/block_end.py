"""Stop rule: the answer has closed the block (languages with braces or keywords)."""

from __future__ import annotations

import re
from collections.abc import Sequence

from jupyter_safecoder.postprocess.cursor_context import CursorContext
from jupyter_safecoder.postprocess.lines import Line, StopDecision
from jupyter_safecoder.postprocess.nesting import opens_block

#: How a line starts that goes on with the statement whose block the line before has closed.
_CONTINUES = re.compile(r"else\b|elif\b|catch\b|finally\b|while\b|[.)\]},;|&]|%>%")
_WORDS = ("else", "elif", "catch", "finally", "while", "%>%")


def block_end(lines: Sequence[Line], context: CursorContext) -> StopDecision | None:
    """End after the line that closes the block of the cursor, or of the cursor's statement.

    The next line decides: a statement may go on after a block. At top level the answer ends before
    the next paragraph, too.
    """
    line = lines[-1]
    if len(line.before.brackets) < context.pending_closers:
        return None  # the text after the cursor closes the block
    end = _closing_line(lines[:-1], context)
    if end is None:
        return _leaves_paragraph(lines, context)
    if line.blank:
        return StopDecision(end.end, "dedent") if line.complete else None
    text = line.text.lstrip()
    if _CONTINUES.match(text):
        return None
    grows = not line.complete and any(word.startswith(text) for word in _WORDS)
    return StopDecision(end.end, "dedent", is_final=not grows)


def _closing_line(written: Sequence[Line], context: CursorContext) -> Line | None:
    """Return the last line, blank ones aside, if it has closed the block."""
    limit, keywords = -1, 0
    end: Line | None = None
    for line in written:
        if line.blank:
            continue
        keywords += _keyword_blocks(line, context)
        opened = keywords + len(line.after.brackets) - len(context.nesting.brackets)
        if line.first and not context.blank and opened > 0:
            limit = 0
        end = line if opened <= limit and not line.after.quote and not line.first else None
    return end


def _keyword_blocks(line: Line, context: CursorContext) -> int:
    """Return how many blocks with keywords a line opens, less those that it closes."""
    syntax = context.syntax
    if syntax.closer is None or line.before.quote:
        return 0
    if syntax.middle is not None and syntax.middle.match(line.text):
        return 0
    if syntax.closer.match(line.text):
        return -1
    return int(opens_block(line.text, line.after, syntax))


def _leaves_paragraph(lines: Sequence[Line], context: CursorContext) -> StopDecision | None:
    """End at top level after a blank line, where nothing is open."""
    line, written = lines[-1], [earlier for earlier in lines[:-1] if not earlier.blank]
    after_blank = len(lines) > 1 and lines[-2].blank and bool(written)
    if line.blank or line.before.inside or not after_blank:
        return None
    if context.nesting.inside or context.statement or context.header is not None:
        return None
    opened = sum(_keyword_blocks(earlier, context) for earlier in written)
    return None if opened > 0 else StopDecision(line.start, "dedent")
