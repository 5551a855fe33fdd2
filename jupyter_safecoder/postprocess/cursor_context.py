"""Analyzes the cell around the cursor, once for a request: it may have tens of kilobytes."""

from __future__ import annotations

from dataclasses import dataclass

from .filter_input import FilterInput
from .nesting import Nesting, opens_block, scan_nesting
from .syntax import Syntax, syntax_of

#: Number of lines above the cursor that repetitions are compared with.
_LINES_ABOVE = 6
#: Number of lines above the cursor that are analyzed one by one.
_NEAR_LINES = 40


@dataclass(frozen=True)
class CursorContext:
    """The cell around the cursor.

    Parameters
    ----------
    language, syntax
        The cell's language, and its syntax.
    line
        The cursor's line up to the cursor.
    rest
        The cursor's line after the cursor.
    above
        The last few non-blank lines above the cursor's, without trailing white space.
    below
        The first non-blank line below the cursor's, without trailing white space; empty if there
        is none.
    suffix
        All text after the cursor.
    nesting
        What is open at the cursor.
    pending_closers
        How many of the brackets open at the cursor are closed by the suffix.
    closes_quote
        Whether the cursor is in a string that the rest of its line ends.
    statement
        Indentation in columns of the statement that the cursor is in.
    header
        Indentation in columns of the block header directly above the cursor's statement; ``None``
        if there is none.
    """

    language: str
    syntax: Syntax
    line: str
    rest: str
    above: tuple[str, ...]
    below: str
    suffix: str
    nesting: Nesting
    pending_closers: int
    closes_quote: bool
    statement: int
    header: int | None

    @property
    def blank(self) -> bool:
        """Whether the cursor's line has nothing but indentation before the cursor."""
        return not self.line.strip()


def indent_width(line: str) -> int:
    """Return a line's indentation in columns; tabs go to multiples of eight, as in Python."""
    return len(line[: len(line) - len(line.lstrip())].expandtabs(8))


def analyze_cursor(filter_input: FilterInput) -> CursorContext:
    """Return the context of a request's cursor."""
    syntax = syntax_of(filter_input.language)
    *lines, line = filter_input.prefix.split("\n")
    # Far lines at once: line by line takes four times as long.
    far, near = lines[:-_NEAR_LINES], lines[-_NEAR_LINES:]
    nesting = scan_nesting("\n".join([*far, ""]), syntax, Nesting())
    statement = indent_width(near[0]) if near else 0
    header: int | None = None
    for earlier in near:
        if not nesting.inside and earlier.strip():
            statement = indent_width(earlier)
        after = scan_nesting(earlier, syntax, nesting)
        if earlier.strip() and after.comment != len(earlier.lstrip()):
            header = statement if opens_block(earlier, after, syntax) else None
        nesting = scan_nesting(earlier + "\n", syntax, nesting)
    if not nesting.inside:
        statement = indent_width(line)
    at_cursor = scan_nesting(line, syntax, nesting)
    in_string = Nesting(quote=at_cursor.quote)
    closed = scan_nesting(filter_input.suffix, syntax, in_string).surplus
    rest, _, following = filter_input.suffix.partition("\n")
    return CursorContext(
        language=filter_input.language,
        syntax=syntax,
        line=line,
        rest=rest.rstrip(),
        above=tuple(text.rstrip() for text in near if text.strip())[-_LINES_ABOVE:],
        below=next((text.rstrip() for text in following.split("\n") if text.strip()), ""),
        suffix=filter_input.suffix,
        nesting=at_cursor,
        pending_closers=min(closed, len(at_cursor.brackets)),
        closes_quote=bool(at_cursor.quote) and scan_nesting(rest, syntax, in_string) != in_string,
        statement=statement,
        header=header,
    )
