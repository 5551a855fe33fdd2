"""Gives an answer the white space that the document is indented with: tabs or spaces.

A model that has seen more of one kind writes it everywhere. Mixed, Python refuses the cell, and
every rule that compares indentation is misled: so this comes before them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass

from .cursor_context import CursorContext
from .lines import split_lines

_INDENT = re.compile(r"[ \t]*")
#: What opens a block at the end of a line, in most languages.
_OPENER = re.compile(r"(?:[:{(\[]|\b(?:then|do|else))\s*$")
#: Spaces of a level by language, as the style guides of the languages have it; of others: 4.
_LEVELS = dict.fromkeys(
    ("r", "javascript", "typescript", "ruby", "scala", "lua", "html", "css", "dart", "elixir"), 2
)


@dataclass(frozen=True)
class Indentation:
    """The indentation of a document.

    Parameters
    ----------
    tabs
        Whether it is of tabs; otherwise it is of spaces.
    level
        Number of spaces of a level, where it is known.
    """

    tabs: bool
    level: int | None = None


@dataclass(frozen=True)
class Reindented:
    """An answer with another indentation.

    Parameters
    ----------
    text
        The answer.
    changes
        Of each indentation that was replaced: its offset, and its old and new length.
    """

    text: str
    changes: tuple[tuple[int, int, int], ...] = ()

    def offset(self, at: int) -> int:
        """Return the offset in the text of an offset in the original answer."""
        moved = at
        for start, before, after in self.changes:
            inside = at - start
            if inside <= 0:
                break
            moved += after - before if inside >= before else min(inside, after) - inside
        return moved


def find_indentation(prefix: str, suffix: str, above: str = "") -> Indentation | None:
    """Return how a cell is indented, or else the code above it; ``None`` if that is mixed or none.

    Parameters
    ----------
    prefix, suffix
        Text of the cell before and after the cursor.
    above
        Code of the cells above.
    """
    *before, line = prefix.split("\n")
    own = [*_written(before), line, *_written(suffix.split("\n")[1:])]
    for lines in (own, _written(above.split("\n"))):
        indents = [indent for line in lines if (indent := _indent(line))]
        kinds = {indent[0] for indent in indents}
        if len(kinds) == 1:
            return Indentation("\t" in kinds, _level(map(len, indents)))
        if kinds:
            return None
    return None


def reindent(
    answer: str, context: CursorContext, indentation: Indentation | None, *, ended: bool
) -> Reindented:
    """Return an answer with the indentation of the document.

    Lines with both kinds of white space, and lines in strings, are left alone.

    Parameters
    ----------
    answer
        The answer so far.
    context
        The cell around the cursor.
    indentation
        That of the document; ``None``: nothing is changed.
    ended
        Whether the model has stopped. Before, an indentation without text after it is left out: it
        may still grow.
    """
    if indentation is None:
        return Reindented(answer)
    if not ended and not answer.rpartition("\n")[2].strip():
        answer = answer[: answer.rfind("\n") + 1]
    other = " " if indentation.tabs else "\t"
    if other not in answer:
        return Reindented(answer)
    level = indentation.level or _LEVELS.get(context.language, 4)
    depth = len(_indent(context.line)) if indentation.tabs else 0
    opens = bool(_OPENER.search(context.line))
    own_level: int | None = None
    pieces: list[str] = []
    changes: list[tuple[int, int, int]] = []
    for line in split_lines(answer, context, final=True):
        text = answer[line.start : line.end]
        is_start = not line.before.quote and (context.blank or not line.first)
        old = _indent(text) if is_start else ""
        new = old
        if set(old) == {other}:
            if indentation.tabs and own_level is None:
                own_level = _own_level(len(old), depth + opens, context.language)
            new = _convert(old, indentation, own_level or level)
            if new != old:
                changes.append((line.start, len(old), len(new)))
        pieces.append(new + text[len(old) :])
        if text.strip() and not line.before.inside:
            depth = depth if line.first else len(_indent(pieces[-1]))
            opens = bool(_OPENER.search(text))
    return Reindented("\n".join(pieces), tuple(changes))


def _convert(indent: str, indentation: Indentation, level: int) -> str:
    if not indentation.tabs:
        return " " * (level * len(indent))
    # What is not a whole level aligns something.
    return "\t" * (len(indent) // level) + " " * (len(indent) % level)


def _own_level(spaces: int, depth: int, language: str) -> int:
    """Return the spaces of a level of an answer whose first indented line has this depth."""
    usual = _LEVELS.get(language, 4)
    fitting = [level for level in (usual, 4, 2, 3, 8) if depth and level * depth == spaces]
    return fitting[0] if fitting else usual


def _level(widths: Iterable[int]) -> int | None:
    """Return the number of spaces of a level, from the widths of all indentations."""
    common = math.gcd(*widths)
    if common in (2, 3, 4):
        return common
    return 4 if common and common % 4 == 0 else None


def _written(lines: Iterable[str]) -> list[str]:
    """Return the lines with text: editors leave white space behind on others."""
    return [line for line in lines if line.strip()]


def _indent(line: str) -> str:
    """Return the white space that a line starts with; none for a single space, which aligns."""
    indent = _INDENT.match(line)
    assert indent is not None
    return "" if indent[0] == " " else indent[0]
