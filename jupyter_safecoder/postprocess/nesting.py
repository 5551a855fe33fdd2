"""Scans text for brackets, strings and comments that are open at its end."""

from __future__ import annotations

from dataclasses import dataclass

from .syntax import Syntax

#: Closing brackets to opening ones.
_PAIRS = {")": "(", "]": "[", "}": "{"}


@dataclass(frozen=True)
class Nesting:
    """What is open where a text ends.

    Parameters
    ----------
    brackets
        The open brackets, outermost first.
    quote
        Opening delimiter of the string (or long comment) that the text ends in, or empty.
    comment
        Length in characters of the line comment that the text ends in, or 0.
    surplus
        Number of closing brackets without an opening one.
    continued
        Whether the text ends with an escaped newline: the next line is of the same statement.
    """

    brackets: str = ""
    quote: str = ""
    comment: int = 0
    surplus: int = 0
    continued: bool = False

    @property
    def inside(self) -> bool:
        """Whether a new line here would continue something that started earlier."""
        return bool(self.brackets or self.quote or self.continued)

    @property
    def faults(self) -> int:
        """Number of brackets and strings that are not matched."""
        return len(self.brackets) + self.surplus + bool(self.quote)


def scan_nesting(text: str, syntax: Syntax, start: Nesting) -> Nesting:
    """Return what is open after a text.

    Parameters
    ----------
    text
        The text.
    syntax
        That of its language.
    start
        What is open before it.
    """
    if not text:
        return start
    brackets, quote, surplus = start.brackets, start.quote, start.surplus
    at, end, comment = 0, len(text), 0
    if start.comment:
        at = text.find("\n")
        if at < 0:
            return Nesting(brackets, quote, start.comment + end, surplus)
    while at < end:
        if quote:
            found = syntax.string_end(quote).search(text, at)
            if found is None:
                return Nesting(brackets, quote, 0, surplus)
            at = found.end()
            if found["end"] is not None:
                # A single-line string ends with its line, closed or not.
                quote = ""
            continue
        found = syntax.token.search(text, at)
        if found is None:
            break
        kind, token, at = found.lastgroup, found[0], found.end()
        if kind == "comment":
            at = text.find("\n", at)
            if at < 0:
                comment = end - found.start()
                break
        elif kind == "quote":
            quote = token
        elif kind == "bracket":
            if token not in _PAIRS:
                brackets += token
            elif brackets.endswith(_PAIRS[token]):
                brackets = brackets[:-1]
            else:
                surplus += 1
    continued = not comment and not quote and text.endswith("\\\n")
    return Nesting(brackets, quote, comment, surplus, continued)


def opens_block(line: str, after: Nesting, syntax: Syntax) -> bool:
    """Return whether the code of a line, without its comment, ends with what opens a block.

    Parameters
    ----------
    line
        The line.
    after
        What is open after it.
    syntax
        That of its language.
    """
    if after.inside or not syntax.opener:
        return False
    code = line[: len(line) - after.comment] if after.comment else line
    return bool(syntax.opener.search(code))
