"""Samples the middle of a FIM example in a cell's text: pure functions.

A span is cut at any character, as in StarCoder's training. The kinds of spans are those that an
editor asks for, which spans drawn uniformly hardly ever are.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from random import Random

#: Maximum characters and lines of a middle: about what serving lets a completion have.
_MAX_CHARACTERS, _MAX_LINES = 400, 12
#: A cell gives one span for so many characters, up to a maximum.
_CHARACTERS_PER_SPAN, _MAX_SPANS = 60, 12
_MIN_CELL_CHARACTERS = 8

#: Start and stop of a middle in the text.
Span = tuple[int, int]


def span_count(source: str) -> int:
    """Return the number of spans of a cell in one epoch."""
    visible = len(source.strip())
    if visible < _MIN_CELL_CHARACTERS:
        return 0
    return max(1, min(_MAX_SPANS, round(visible / _CHARACTERS_PER_SPAN)))


def sample_fim_span(source: str, random: Random, shares: Mapping[str, float]) -> Span | None:
    """Return a middle, or ``None`` if the draw gave none.

    Parameters
    ----------
    source
        Text of a code cell.
    random
        Draws the kind and the cursor.
    shares
        The share of each kind of span, by name.
    """
    kind = random.choices(list(shares), list(shares.values()))[0]
    cursor = random.randrange(len(source))
    span = SPAN_KINDS[kind](source, cursor, random)
    if span is None:
        return None
    middle = source[slice(*span)]
    too_long = len(middle) > _MAX_CHARACTERS or middle.count("\n") >= _MAX_LINES
    return None if too_long or not middle.strip() else span


def _line_start(source: str, cursor: int) -> int:
    return source.rfind("\n", 0, cursor) + 1


def _line_stop(source: str, cursor: int) -> int:
    stop = source.find("\n", cursor)
    return len(source) if stop < 0 else stop


def rest_of_line(source: str, cursor: int, random: Random) -> Span | None:
    """From the cursor to the end of its line."""
    return cursor, _line_stop(source, cursor)


def whole_line(source: str, cursor: int, random: Random) -> Span | None:
    """A line without its indentation."""
    start, stop = _line_start(source, cursor), _line_stop(source, cursor)
    return stop - len(source[start:stop].lstrip()), stop


def within_line(source: str, cursor: int, random: Random) -> Span | None:
    """A few words of a line whose end is there already."""
    words = list(re.finditer(r"\w+\W*", source[cursor : _line_stop(source, cursor)]))
    if len(words) < 2:
        return None
    return cursor, cursor + words[random.randrange(min(4, len(words) - 1))].end()


def to_block_end(source: str, cursor: int, random: Random) -> Span | None:
    """From the cursor, or the start of its line, to the line before the indentation decreases."""
    start, stop = _line_start(source, cursor), _line_stop(source, cursor)
    first = source[start:stop]
    indentation = len(first) - len(first.lstrip())
    for _ in range(_MAX_LINES - 1):
        if stop >= len(source):
            break
        following = source[stop + 1 : _line_stop(source, stop + 1)]
        if following.strip() and len(following) - len(following.lstrip()) < indentation:
            break
        if not following.strip() and indentation == 0:
            break
        stop = _line_stop(source, stop + 1)
    first_character = cursor if random.random() < 0.5 else start + indentation
    return first_character, start + len(source[start:stop].rstrip())


def in_brackets(source: str, cursor: int, random: Random) -> Span | None:
    """Up to a bracket or quote that the editor has closed already."""
    start = _line_start(source, cursor)
    line = source[start : _line_stop(source, cursor)]
    pairs = [
        match.span()
        for match in re.finditer(
            r"\([^()]+\)|\[[^\[\]]+\]|\{[^{}]+\}"
            r"|\"[^\"]+\"|'[^']+'",
            line,
        )
    ]
    if not pairs:
        return None
    opening, closing = random.choice(pairs)
    return start + random.randrange(opening + 1, closing), start + closing - 1


def anywhere(source: str, cursor: int, random: Random) -> Span | None:
    """Up to 160 characters behind the cursor."""
    return cursor, min(len(source), cursor + random.randint(1, 160))


SPAN_KINDS: dict[str, Callable[[str, int, Random], Span | None]] = {
    "rest_of_line": rest_of_line,
    "whole_line": whole_line,
    "within_line": within_line,
    "to_block_end": to_block_end,
    "in_brackets": in_brackets,
    "anywhere": anywhere,
}
