"""Filter: the answer closes what the text after the cursor already closes."""

from __future__ import annotations

import re

from jupyter_safecoder.postprocess.cursor_context import CursorContext
from jupyter_safecoder.postprocess.lines import Line
from jupyter_safecoder.postprocess.nesting import scan_nesting

_CLOSER = re.compile(r"""[)\]}"'`]""")


def closing_bracket(line: Line, around: CursorContext) -> int | None:
    """Where the answer closes what the editor, or the person, has closed already.

    Of the brackets open at the cursor the suffix closes the outermost `owed`: the answer may close
    the others. A string that the cursor is in ends where the suffix ends it.
    """
    if not around.pending_closers and not around.closes_quote:
        return None
    text = line.text[len(around.line) :] if line.first else line.text
    in_string = around.closes_quote and line.before.quote == around.nesting.quote
    for found in _CLOSER.finditer(text):
        after = scan_nesting(text[: found.end()], around.syntax, line.before)
        left_string = in_string and not after.quote
        if left_string or (not after.quote and len(after.brackets) < around.pending_closers):
            return line.start + found.start()
    return None
