"""Which brackets and strings are open at a place in a text."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .syntax import Syntax

_PAIRS = {")": "(", "]": "[", "}": "{"}
_STRING_END = {
    (close, long): re.compile(
        r"\\[\s\S]|" + re.escape(close) + ("" if long else r"|\n"),
    )
    for close in ('"""', "'''", '"', "'", "`", "*/")
    for long in (True, False)
}


@dataclass(frozen=True)
class Nesting:
    """What is open where a text ends.

    Parameters
    ----------
    brackets : str
        The open brackets, outermost first.
    quote : str
        The opening delimiter of the string (or long comment) that the text ends in, or empty.
    comment : int
        Length in characters of the line comment that the text ends in, or 0.
    surplus : int
        How many closing brackets matched nothing.
    continued : bool
        The text ends just after an escaped line end: the next line belongs to the same statement.
    """

    brackets: str = ""
    quote: str = ""
    comment: int = 0
    surplus: int = 0
    continued: bool = False

    @property
    def inside(self) -> bool:
        """Whether a new line here would go on with something begun earlier."""
        return bool(self.brackets or self.quote or self.continued)

    @property
    def faults(self) -> int:
        """How many brackets and strings are not matched."""
        return len(self.brackets) + self.surplus + bool(self.quote)


def scan_nesting(text: str, syntax: Syntax, start: Nesting) -> Nesting:
    """Go on from `start` over `text`."""
    brackets, quote, surplus = start.brackets, start.quote, start.surplus
    at, end, comment = 0, len(text), 0
    if start.comment:
        at = text.find("\n")
        if at < 0:
            return Nesting(brackets, quote, start.comment + end, surplus)
    while at < end:
        if quote:
            close = syntax.quotes[quote]
            pattern = _STRING_END[close, quote in syntax.long]
            found = pattern.search(text, at)
            if found is None:
                return Nesting(brackets, quote, 0, surplus)
            at = found.end()
            if found[0][0] != "\\":
                # A short string ends with its line, closed or not.
                quote = ""
            continue
        found = syntax.landmark.search(text, at)
        if found is None:
            break
        mark, at = found[0], found.end()
        if mark == syntax.comment:
            at = text.find("\n", at)
            if at < 0:
                comment = end - found.start()
                break
        elif mark in syntax.quotes:
            quote = mark
        elif mark not in _PAIRS:
            brackets += mark
        elif brackets.endswith(_PAIRS[mark]):
            brackets = brackets[:-1]
        else:
            surplus += 1
    continued = not comment and not quote and text.endswith("\\\n")
    return Nesting(brackets, quote, comment, surplus, continued)


def opens_block(line: str, after: Nesting, syntax: Syntax) -> bool:
    """Whether the code of `line` (its comment left out) ends with what opens a block."""
    if after.inside or not syntax.opener:
        return False
    code = line[: len(line) - after.comment] if after.comment else line
    return bool(syntax.opener.search(code))
