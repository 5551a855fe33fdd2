"""Stop rule: the answer leaves the block that the cursor is in (languages with indentation)."""

from __future__ import annotations

import re
from collections.abc import Sequence

from jupyter_safecoder.postprocess.cursor_context import CursorContext, indent_width
from jupyter_safecoder.postprocess.lines import Line, StopDecision
from jupyter_safecoder.postprocess.nesting import opens_block

_DEFINITION = ("def", "class", "async def")
_IMPORT = ("import", "from")
_KEYWORDS = (*_DEFINITION, *_IMPORT)
_FIRST_WORD = re.compile(r"@|(?:async )?\w*")


def dedent(lines: Sequence[Line], context: CursorContext) -> StopDecision | None:
    """End before the first line that is outside of the block.

    The block is the body of the header that is the cursor's statement; or the bracketed call that
    the cursor is in; or, from a blank line, the lines indented like the answer's first. Lines in
    brackets and strings may have any indentation. For the top level, where nothing is indented
    less, see :func:`_leaves_paragraph`.
    """
    line = lines[-1]
    if line.before.inside or (line.first and not context.blank):
        return None
    written = [earlier for earlier in lines[:-1] if not earlier.blank]
    min_indent = _min_indent(line, written, context)
    if min_indent is None:
        return StopDecision(line.start, "dedent")
    if line.blank:
        ended = line.complete and min_indent == 0 and _is_finished(written, context)
        return StopDecision(line.start, "dedent") if ended else None
    if indent_width(line.text) < min_indent:
        return StopDecision(line.start, "dedent")
    if min_indent == 0 and indent_width(line.text) == 0:
        return _leaves_paragraph(line, lines[-2:-1], written)
    return None


def _min_indent(line: Line, written: Sequence[Line], context: CursorContext) -> int | None:
    """Return the minimum indentation in columns of the block's lines; ``None``: it has ended."""
    if context.blank and not context.nesting.inside:
        first = written[0] if written else line
        min_indent = 0 if context.header is None else context.header + 1
        return max(indent_width(first.text), min_indent)
    # The cursor's statement: the lines up to the first one that starts outside of all brackets.
    statement = _first_statement(written)
    if opens_block(context.line, context.nesting, context.syntax) or (
        statement and opens_block(statement[-1].text, statement[-1].after, context.syntax)
    ):
        return context.statement + 1
    return None if context.nesting.brackets else context.statement


def _first_statement(written: Sequence[Line]) -> list[Line]:
    ends = (index for index, line in enumerate(written) if index and not line.before.inside)
    return list(written[: next(ends, len(written))])


def _is_finished(written: Sequence[Line], context: CursorContext) -> bool:
    """Return whether the last line ends a simple statement at top level.

    Then no indented line can follow.
    """
    if not written:
        return False
    last = written[-1]
    return not (
        indent_width(last.text)
        or last.before.inside
        or opens_block(last.text, last.after, context.syntax)
    )


def _leaves_paragraph(
    line: Line, previous: Sequence[Line], written: Sequence[Line]
) -> StopDecision | None:
    """End a paragraph at top level: a few statements that belong together, or one definition.

    It ends at a blank line, after a definition, before a definition or its decorator, and where
    imports follow other code.
    """
    stop = StopDecision(line.start, "dedent")
    if not written:
        return None
    if previous and previous[0].blank:
        return stop
    earlier = [
        _first_word(top) for top in written if not top.before.inside and not indent_width(top.text)
    ]
    if any(word in _DEFINITION for word in earlier):
        return stop
    word = _first_word(line)
    incomplete = not line.complete and line.text == word
    if incomplete and any(keyword.startswith(word) for keyword in _KEYWORDS):
        return StopDecision(line.start, "dedent", is_final=False)
    if word in _DEFINITION or word == "@":
        return stop if any(other not in ("@", "#") for other in earlier) else None
    if word in _IMPORT:
        return stop if any(other not in (*_IMPORT, "#") for other in earlier) else None
    return None


def _first_word(line: Line) -> str:
    if line.text.startswith("#"):
        return "#"
    match = _FIRST_WORD.match(line.text)
    return match[0] if match else ""
