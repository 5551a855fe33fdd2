"""The notebooks that are typed into: the cells of a passage, and more of them above."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nbformat.v4 import new_code_cell, new_markdown_cell, new_output

from jupyter_safecoder.evaluation.replay.passages import Passage
from jupyter_safecoder.protocol import Cell


def notebook_cells(passage: Passage, number: int, cells: int, prefix: str) -> list[Any]:
    """Return the cells of a notebook in which the last one is typed.

    Parameters
    ----------
    passage
        Its cells above come before the one that is typed.
    number
        Number of the notebook: no two begin with the same text, so that none profits from what the
        engine has computed for another.
    cells
        Minimum number of cells: those above are repeated.
    prefix
        What is in the last cell already.
    """
    above = list(passage.before) or [Cell("code", "import numpy as np")]
    missing = max(0, cells - len(passage.before) - 2)
    repeated = [
        Cell(cell.type, f"{cell.source}\n# part {index}", cell.output)
        for index, cell in zip(range(missing), _cycle(above, missing), strict=True)
    ]
    title = new_markdown_cell(f"# Notebook {number}")
    return [title, *map(_nbformat_cell, [*repeated, *passage.before]), new_code_cell(prefix)]


def _cycle(cells: Sequence[Cell], count: int) -> list[Cell]:
    return [cells[index % len(cells)] for index in range(count)]


def _nbformat_cell(cell: Cell) -> Any:
    if cell.type != "code":
        return new_markdown_cell(cell.source)
    outputs = [new_output("stream", text=cell.output)] if cell.output else []
    return new_code_cell(cell.source, outputs=outputs)


def first_key(passage: Passage) -> tuple[str, str] | None:
    """Return what a cell has already, and the key that is pressed in it first.

    The key is in the middle of the first line that is long enough; ``None`` if none is.
    """
    written = passage.prefix + passage.text
    start = len(passage.prefix)
    for line in passage.text.split("\n"):
        text = line.lstrip()
        if len(text) >= 12 and text.isascii() and not text.startswith("#"):
            at = start + len(line) - len(text) + len(text) // 2
            return written[:at], written[at]
        start += len(line) + 1
    return None
