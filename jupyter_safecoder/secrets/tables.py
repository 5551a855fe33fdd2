"""Finds values below a heading that is a secret name, in tables of markdown and of outputs."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .named_values import secret_of
from .names import is_secret_name
from .secret import Secret

_COLUMN_BREAK = re.compile(r"[ ]{0,99}\|[ ]{0,99}|\t|[ ]{2,99}|(?<=[\w\"']),(?=[\w\"'])|;")
_MAX_LINE = 2000
_MAX_COLUMNS = 40


def find_in_columns(text: str) -> Iterator[Secret]:
    """Yield the values below a heading that is a secret name."""
    from_end, name, start = 0, "", 0
    for line in text.split("\n"):
        cells = _split(line) if name or len(line) <= _MAX_LINE else []
        headings = [n for n, (cell, _) in enumerate(cells) if cell and _is_heading(cell)]
        if not line.strip():
            name = ""
        elif headings and len(cells) > 1:
            # Counted from the end: in a table that pandas prints, the index has no heading.
            from_end, name = len(cells) - headings[0], cells[headings[0]][0]
        elif name and len(cells) >= from_end > 0:
            cell, offset = cells[-from_end]
            yield from secret_of(name, cell, quoted=False, start=start + offset)
        start += len(line) + 1


def _is_heading(cell: str) -> bool:
    return len(cell) <= 40 and " = " not in cell and "=" not in cell and is_secret_name(cell)


def _split(line: str) -> list[tuple[str, int]]:
    """Return the cells of a line of a table, each with its place in the line."""
    if len(line) > _MAX_LINE:
        return []
    stripped = line.strip().strip("|")
    first = line.find(stripped) if stripped else 0
    first += len(stripped) - len(stripped.lstrip())
    stripped = stripped.strip()
    cells, place = [], 0
    for gap in _COLUMN_BREAK.finditer(stripped):
        cells.append((stripped[place : gap.start()], first + place))
        place = gap.end()
    cells.append((stripped[place:], first + place))
    return cells if len(cells) <= _MAX_COLUMNS else []
