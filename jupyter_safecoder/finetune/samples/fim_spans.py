"""Where people's cursors stand: pure choices of a middle in a cell's text.

Cuts at any character, as StarCoder was trained; their kinds are those that an editor asks for,
which uniform cuts hardly ever make.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from random import Random

#: Characters of a middle, and lines of it, at most: what serving lets an answer have.
_CHARACTERS, _LINES = 400, 12
#: A cell gives a cut for about so many characters, within bounds.
_CHARACTERS_PER_CUT, _MOST_CUTS = 60, 12
_LEAST_CHARACTERS = 8

Span = tuple[int, int]


def cut_number(source: str) -> int:
    """Return how many cuts a cell gives in one pass over the corpus."""
    visible = len(source.strip())
    if visible < _LEAST_CHARACTERS:
        return 0
    return max(1, min(_MOST_CUTS, round(visible / _CHARACTERS_PER_CUT)))


def sample_fim_span(
    source: str, random: Random, shares: Mapping[str, float] | None = None
) -> Span | None:
    """Return begin and end of a middle, or ``None`` if the draw came to nothing.

    Parameters
    ----------
    source
        Text of a code cell.
    random
        Decides on the kind and the place.
    shares
        Of the kinds, by name; none: those of :data:`KINDS`.
    """
    shares = shares or {kind: share for kind, (share, _) in SPAN_KINDS.items()}
    kind = random.choices(list(shares), list(shares.values()))[0]
    place = random.randrange(len(source))
    cut = SPAN_KINDS[kind][1](source, place, random)
    if cut is None:
        return None
    begin, end = cut
    middle = source[begin:end]
    if not middle.strip() or len(middle) > _CHARACTERS or middle.count("\n") >= _LINES:
        return None
    return cut


def _line_end(source: str, place: int) -> int:
    end = source.find("\n", place)
    return len(source) if end < 0 else end


def rest_of_line(source: str, place: int, random: Random) -> Span | None:
    """From the cursor to the end of its line."""
    return place, _line_end(source, place)


def whole_line(source: str, place: int, random: Random) -> Span | None:
    """A new line: what follows its indentation."""
    begin = source.rfind("\n", 0, place) + 1
    end = _line_end(source, place)
    return end - len(source[begin:end].lstrip()), end


def within_line(source: str, place: int, random: Random) -> Span | None:
    """A few words in the middle of a line, whose end is there already."""
    end = _line_end(source, place)
    words = list(re.finditer(r"\w+\W*", source[place:end]))
    if len(words) < 2:
        return None
    return place, place + words[random.randrange(min(4, len(words) - 1))].end()


def to_block_end(source: str, place: int, random: Random) -> Span | None:
    """From the cursor, or the begin of its line, to where the indentation falls back."""
    begin = source.rfind("\n", 0, place) + 1
    first = source[begin : _line_end(source, place)]
    indentation = len(first) - len(first.lstrip())
    end = _line_end(source, place)
    for _ in range(_LINES - 1):
        if end >= len(source):
            break
        following = source[end + 1 : _line_end(source, end + 1)]
        if following.strip() and len(following) - len(following.lstrip()) < indentation:
            break
        if not following.strip() and indentation == 0:
            break
        end = _line_end(source, end + 1)
    start = place if random.random() < 0.5 else begin + indentation
    return start, begin + len(source[begin:end].rstrip())


def in_brackets(source: str, place: int, random: Random) -> Span | None:
    """Up to a bracket or quote that the editor has closed already."""
    begin = source.rfind("\n", 0, place) + 1
    line = source[begin : _line_end(source, place)]
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
    opened, closed = random.choice(pairs)
    return begin + random.randrange(opened + 1, closed - 1 + 1), begin + closed - 1


def anywhere(source: str, place: int, random: Random) -> Span | None:
    """Any characters at all."""
    return place, min(len(source), place + random.randint(1, 160))


SPAN_KINDS: dict[str, tuple[float, Callable[[str, int, Random], Span | None]]] = {
    "rest_of_line": (0.34, rest_of_line),
    "whole_line": (0.22, whole_line),
    "within_line": (0.08, within_line),
    "to_block_end": (0.18, to_block_end),
    "in_brackets": (0.12, in_brackets),
    "anywhere": (0.06, anywhere),
}
