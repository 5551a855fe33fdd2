"""Cuts the lines of a cell at cursor positions: what is before, what is hidden, what is after."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from jupyter_safecoder.context.cell_source import python_of_cell
from jupyter_safecoder.context.python_source import parse_python

#: Minimum and maximum number of hidden characters, as in the development tasks.
MIN_HIDDEN, MAX_HIDDEN = 3, 80
#: Half of the lines are hidden from their first character on, the others from somewhere in them.
_WHOLE_LINES = 0.5
#: Lines that hold no Python to complete: comments, magics, the shell, brackets alone.
_NO_CODE = re.compile(r"\s*(?:[#%!?]|[\W_]*$|(?:pass|else:|try:)$)")
#: A cell magic makes another language of its cell.
_CELL_MAGIC = re.compile(r"\s*%%")


@dataclass(frozen=True)
class Cut:
    """A cursor in a cell.

    Parameters
    ----------
    line
        Number of its line, from 0.
    prefix, suffix
        Text of the cell before the cursor, and after the hidden text.
    expected
        The hidden text: the rest of the line.
    """

    line: int
    prefix: str
    expected: str
    suffix: str


def cut_lines(source: str, random: Random) -> list[Cut]:
    """Return a cut of each line of a cell that can be completed, in the order of the lines.

    Parameters
    ----------
    source
        A code cell of a Python notebook.
    random
        Chooses the column of each cut.
    """
    if _CELL_MAGIC.match(source):
        return []
    texts = _lines_of_texts(source)
    cuts: list[Cut] = []
    start = 0
    for number, line in enumerate(source.split("\n")):
        stripped = line.rstrip()
        indentation = len(stripped) - len(stripped.lstrip())
        last = len(stripped) - MIN_HIDDEN
        first = max(indentation, len(stripped) - MAX_HIDDEN)
        usable = first <= last and number not in texts and not _NO_CODE.match(stripped)
        if usable:
            whole = first == indentation and random.random() < _WHOLE_LINES
            column = first if whole else random.randint(first, last)
            hidden = stripped[column:]
            end = start + column + len(hidden)
            cuts.append(Cut(number, source[: start + column], hidden, source[end:]))
        start += len(line) + 1
    return cuts


def _lines_of_texts(source: str) -> frozenset[int]:
    """Return the lines of strings over several lines, such as docstrings: they are no code."""
    tree = parse_python(python_of_cell(source))
    if tree is None:
        return frozenset()
    return frozenset(
        number - 1
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr | ast.Constant | ast.JoinedStr)
        for number in _lines_of_text(node)
    )


def _lines_of_text(node: ast.Expr | ast.Constant | ast.JoinedStr) -> Iterator[int]:
    if isinstance(node, ast.Expr):
        value = node.value
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            yield from range(node.lineno, (node.end_lineno or node.lineno) + 1)
    elif not isinstance(node, ast.Constant) or isinstance(node.value, str):
        # The first line may have code before the text.
        yield from range(node.lineno + 1, (node.end_lineno or node.lineno) + 1)
