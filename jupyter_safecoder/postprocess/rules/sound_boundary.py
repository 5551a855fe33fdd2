"""Filter: shortens an answer that was cut off to where nothing is half written."""

from __future__ import annotations

import re

from jupyter_safecoder.postprocess.cursor_context import CursorContext
from jupyter_safecoder.postprocess.nesting import Nesting, scan_nesting

#: Where an answer might end: after a word, a bracket or a string.
_CANDIDATE = re.compile(r"(?<=[^\s\\])(?=[\s,]|\Z)")
_CLOSERS = tuple(")]}\"'`")


def sound_end(answer: str, context: CursorContext, *, whole_line: bool) -> int:
    """Return the last offset at which an answer that was cut off can end; 0 if there is none.

    That is the end of a line; in a comment, or in the string that the cursor is in, the end of a
    word, outside of the braces of an f-string or template; in a bracket that the user opened, the
    end of an element. The last word may be half written, so it does not count. A string or bracket
    that the answer opened must be closed: by the answer itself or, for brackets, by the text after
    the cursor.

    Parameters
    ----------
    answer
        The answer.
    context
        The cell around the cursor.
    whole_line
        Whether its last line is complete.
    """
    string_end = _string_end(answer, context)
    candidates = [match.start() for match in _CANDIDATE.finditer(answer)]
    for offset in reversed(candidates):
        text, following = answer[:offset], answer[offset : offset + 1]
        opened = scan_nesting(
            text,
            context.syntax,
            Nesting(quote=context.nesting.quote, comment=context.nesting.comment),
        )
        in_field = offset < string_end and text.count("{") > text.count("}")
        in_prose = opened.comment > 0 or (offset < string_end and not in_field)
        if (opened.quote and not in_prose) or len(opened.brackets) > _closed(opened, context):
            continue
        if not following:
            ends = whole_line or text.endswith(_CLOSERS)
        elif following == ",":
            ends = len(context.nesting.brackets) > opened.surplus and not opened.brackets
        else:
            ends = following == "\n" or in_prose
        if ends:
            return offset
    return 0


def _string_end(answer: str, context: CursorContext) -> int:
    """Return the offset at which the string that the cursor is in ends; 0 if it is in none."""
    quote = context.nesting.quote
    if not quote:
        return 0
    for match in context.syntax.string_end(quote).finditer(answer):
        if match["end"] is not None:
            return match.end()
    return len(answer) + 1


def _closed(opened: Nesting, context: CursorContext) -> int:
    """Return how many brackets of the answer the text after the cursor closes.

    It closes those of the user, too, as far as the answer has not.
    """
    in_string = Nesting(quote=context.nesting.quote)
    closers = scan_nesting(context.suffix, context.syntax, in_string).surplus
    return closers - max(context.pending_closers - opened.surplus, 0)
