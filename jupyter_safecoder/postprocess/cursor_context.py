"""What the rules need of the cell, read once a request: the cell may have tens of kilobytes."""

from __future__ import annotations

from dataclasses import dataclass

from .filter_input import FilterInput
from .nesting import Nesting, opens_block, scan_nesting
from .syntax import Syntax, syntax_of

_ABOVE = 6
_NEAR = 40


@dataclass(frozen=True)
class CursorContext:
    """The cell around the cursor.

    Parameters
    ----------
    syntax : Syntax
        That of the cell.
    line : str
        The cursor's line, up to the cursor.
    rest : str
        The cursor's line, after the cursor.
    above : tuple of str
        The last few non-blank lines above the cursor's, trailing white space trimmed.
    below : str
        The first non-blank line below the cursor's, trailing white space trimmed; or empty.
    suffix : str
        All that follows the cursor.
    nesting : Nesting
        What is open at the cursor.
    owed : int
        How many of the brackets open at the cursor the suffix closes.
    closes_quote : bool
        The cursor is in a string that the rest of its line ends.
    statement : int
        Width in columns of the indentation of the statement that the cursor is in.
    header : int or None
        Indentation in columns of the block header right above the cursor's statement, if one is.
    """

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
        """Whether the cursor's line holds nothing but indentation before the cursor."""
        return not self.line.strip()


def width(line: str) -> int:
    """Indentation of a line in columns, tabs to the next multiple of eight as Python has it."""
    return len(line[: len(line) - len(line.lstrip())].expandtabs(8))


def analyze_cursor(filter_input: FilterInput) -> CursorContext:
    """Read the cell around the cursor."""
    syntax = syntax_of(filter_input.language)
    *lines, line = filter_input.prefix.split("\n")
    # In one go but for the lines near the cursor: a line at a time takes four times as long.
    far, near = lines[:-_NEAR], lines[-_NEAR:]
    nesting = scan_nesting("\n".join([*far, ""]), syntax, Nesting())
    statement = width(near[0]) if near else 0
    header: int | None = None
    for earlier in near:
        if not nesting.inside and earlier.strip():
            statement = width(earlier)
        after = scan_nesting(earlier, syntax, nesting)
        if earlier.strip() and after.comment != len(earlier.lstrip()):
            header = statement if opens_block(earlier, after, syntax) else None
        nesting = scan_nesting(earlier + "\n", syntax, nesting)
    if not nesting.inside:
        statement = width(line)
    cursor = scan_nesting(line, syntax, nesting)
    closed = scan_nesting(filter_input.suffix, syntax, Nesting(quote=cursor.quote)).surplus
    rest, _, following = filter_input.suffix.partition("\n")
    in_string = Nesting(quote=cursor.quote)
    return CursorContext(
        syntax=syntax,
        line=line,
        rest=rest.rstrip(),
        above=tuple(kept.rstrip() for kept in near if kept.strip())[-_ABOVE:],
        below=next((kept.rstrip() for kept in following.split("\n") if kept.strip()), ""),
        suffix=filter_input.suffix,
        nesting=cursor,
        pending_closers=min(closed, len(cursor.brackets)),
        closes_quote=bool(cursor.quote) and scan_nesting(rest, syntax, in_string) != in_string,
        statement=statement,
        header=header,
    )
