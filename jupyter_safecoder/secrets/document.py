"""Finds the secrets of a document: of each cell, and what one cell shows of another.

Pure functions over cells. What is found in a text is kept, see ``cell.py``, so that after a change
of one cell only that one is searched again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from jupyter_safecoder.protocol import Cell

from .cell import MAX_CHARACTERS, TextSecrets, resolve, search
from .plausible import is_gap
from .secret import PASSWORD, PLACEHOLDERS, Secret
from .spread import Spread, spread_of

#: What an output shows of a secret: one word, in quotes or not.
_SHOWN = re.compile(r"\s{0,9}b?['\"]?(?P<value>[^\s'\"]{4,200})['\"]?\s{0,9}")


@dataclass(frozen=True)
class CellSecrets:
    """The secrets of a cell's source and of its output, each by its start in that text."""

    source: tuple[Secret, ...]
    output: tuple[Secret, ...]


@dataclass(frozen=True)
class Finding:
    """Where a secret is, without its value.

    Parameters
    ----------
    cell
        Index of the cell, from 0.
    line
        Line of the cell, from 1. The lines of its output follow those of its source.
    kind
        What it is.
    start, end
        Columns, in characters from 0.
    """

    cell: int
    line: int
    kind: str
    start: int
    end: int


def find_in_cells(cells: Sequence[Cell]) -> list[CellSecrets]:
    """Return the secrets of each cell of a document.

    Parameters
    ----------
    cells
        The cells of one document, in their order.
    """
    found, _ = search_cells(cells)
    return found


def search_cells(
    cells: Sequence[Cell], before_cell: Callable[[], None] = lambda: None
) -> tuple[list[CellSecrets], Spread]:
    """Return the secrets of each cell of a document, and the values to replace elsewhere.

    Parameters
    ----------
    cells
        The cells of one document, in their order.
    before_cell
        Called before each cell is searched; it may raise an exception to stop.
    """
    sources, outputs = [], []
    for cell in cells:
        before_cell()
        sources.append(search(cell.source, code=cell.type == "code"))
        outputs.append(search(cell.output, code=False))
    missing: dict[str, bool] = {}
    for one in sources:
        for name, certain in one.missing.items():
            missing[name] = missing.get(name, False) or certain
    own = [
        CellSecrets(_of_source(cell, source, missing), _of_output(source, output, cell.output))
        for cell, source, output in zip(cells, sources, outputs, strict=True)
    ]
    whole = [secret for one in (*sources, *outputs) for secret in one.whole]
    spread = spread_of(cells, [*(s for one in own for s in (*one.source, *one.output)), *whole])
    return [
        CellSecrets(spread.add_to(cell.source, one.source), spread.add_to(cell.output, one.output))
        for cell, one in zip(cells, own, strict=True)
    ], spread


def _of_source(
    cell: Cell, searched: TextSecrets, missing: Mapping[str, bool]
) -> tuple[Secret, ...]:
    return (*searched.found, *(resolve(cell.source, missing) if cell.type == "code" else ()))


def _of_output(source: TextSecrets, output: TextSecrets, text: str) -> tuple[Secret, ...]:
    shown = _SHOWN.fullmatch(text) if source.shows_secret and len(text) < 300 else None
    if shown and not is_gap(shown["value"]):
        return (*output.found, Secret(shown["value"], "password", PASSWORD, shown.start("value")))
    return output.found


def findings(cells: Sequence[Cell], placeholders: Collection[str] = PLACEHOLDERS) -> list[Finding]:
    """Return where the secrets of a document are.

    Parameters
    ----------
    cells
        The cells of one document, in their order.
    placeholders
        Only what these replace.
    """
    return [
        finding
        for index, (cell, found) in enumerate(zip(cells, find_in_cells(cells), strict=True))
        for text, secrets, first in (
            (cell.source, found.source, 1),
            (cell.output, found.output, 2 + cell.source.count("\n")),
        )
        for finding in _findings_of(
            index, text, [one for one in secrets if one.placeholder in placeholders], first
        )
    ]


def _findings_of(
    cell: int, text: str, secrets: Iterable[Secret], first_line: int
) -> Iterable[Finding]:
    line, place = first_line, 0
    for secret in secrets:
        line += text.count("\n", place, secret.start)
        place = secret.start
        start = secret.start
        for number, part in enumerate(secret.value.split("\n")):
            if part:
                column = start - (text.rfind("\n", 0, start) + 1)
                yield Finding(cell, line + number, secret.kind, column, column + len(part))
            start += len(part) + 1


def is_too_large(cell: Cell) -> bool:
    """Return whether a cell or its output is too large to be searched."""
    return max(len(cell.source), len(cell.output)) > MAX_CHARACTERS
