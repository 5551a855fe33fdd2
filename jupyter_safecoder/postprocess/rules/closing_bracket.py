"""Filter: removes brackets and quotes from an answer that the text after the cursor closes."""

from __future__ import annotations

import re

from jupyter_safecoder.postprocess.cursor_context import CursorContext
from jupyter_safecoder.postprocess.lines import Line
from jupyter_safecoder.postprocess.nesting import scan_nesting

_CLOSER = re.compile(r"""[)\]}"'`]""")


def find_closing_bracket(line: Line, context: CursorContext) -> int | None:
    """Return the offset in the answer where a line closes what is closed already.

    Of the brackets open at the cursor the suffix closes the outermost ``pending_closers``: the
    answer may close the others. A string that the cursor is in ends where the suffix ends it.
    """
    if not context.pending_closers and not context.closes_quote:
        return None
    text = line.text[len(context.line) :] if line.first else line.text
    in_string = context.closes_quote and line.before.quote == context.nesting.quote
    for closer in _CLOSER.finditer(text):
        after = scan_nesting(text[: closer.end()], context.syntax, line.before)
        left_string = in_string and not after.quote
        if left_string or (not after.quote and len(after.brackets) < context.pending_closers):
            return line.start + closer.start()
    return None
