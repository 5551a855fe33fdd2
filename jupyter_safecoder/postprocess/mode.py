"""Decides how much to write from where the cursor is: the rest of the line, or a block."""

from __future__ import annotations

import re

from .cursor_context import analyze_cursor
from .filter_input import FilterInput, Mode
from .nesting import opens_block

_ONLY_CLOSERS = re.compile(r"[\s)\]}\"'`:;,]*")


def mode_at(prefix: str, suffix: str, language: str) -> Mode:
    """Return the mode of a request that does not set one.

    A block is written where one starts: on a blank line, after a block's header, after a bracket
    that the line leaves open at its end. Everywhere else, and always inside a string or comment
    that starts on the line, only the rest of the line is written.

    Parameters
    ----------
    prefix, suffix
        Text of the cell before and after the cursor.
    language
        Language of the cell in lower case.
    """
    context = analyze_cursor(FilterInput(prefix, suffix, language, "line", 1))
    if not _ONLY_CLOSERS.fullmatch(context.rest):
        return "line"
    if context.blank:
        return "block" if not context.rest else "line"
    if context.nesting.quote or context.nesting.comment:
        return "line"
    if context.line.rstrip().endswith(("(", "[", "{")):
        return "block"
    if not context.rest and opens_block(context.line, context.nesting, context.syntax):
        return "block"
    return "line"
