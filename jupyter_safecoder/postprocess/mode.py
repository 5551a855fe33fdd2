"""How much to write, by where the cursor is."""

from __future__ import annotations

import re

from .cursor_context import analyze_cursor
from .filter_input import FilterInput, Mode
from .nesting import opens_block

_ONLY_CLOSERS = re.compile(r"[\s)\]}\"'`:;,]*")


def mode_at(prefix: str, suffix: str, language: str) -> Mode:
    """Whether to write the rest of the line or a block.

    A block is written where one begins: on a blank line, after a block's header, after a bracket
    that the line leaves open at its end. Everywhere else, and always inside a string or a comment
    that has begun on the line, only the rest of the line is.

    Parameters
    ----------
    prefix, suffix : str
        The cell's text before and after the cursor.
    language : str
        The cell's language in lower case.

    Returns
    -------
    {"line", "block"}
    """
    around = analyze_cursor(FilterInput(prefix, suffix, language, "line", 1))
    if not _ONLY_CLOSERS.fullmatch(around.rest):
        return "line"
    if around.blank:
        return "block" if not around.rest else "line"
    if around.nesting.quote or around.nesting.comment:
        return "line"
    if around.line.rstrip().endswith(("(", "[", "{")):
        return "block"
    if not around.rest and opens_block(around.line, around.nesting, around.syntax):
        return "block"
    return "line"
