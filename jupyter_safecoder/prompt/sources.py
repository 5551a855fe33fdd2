"""Encodes what a request knows besides the cells above: modules, files, kernel, cells below.

Each source has its own budget, so that a change of one never moves another's start. The items of a
source are the most useful first, and the first ones that fit are taken.
"""

from __future__ import annotations

from collections.abc import Sequence

from jupyter_safecoder.protocol import Cell, Excerpt, KernelName

from .budget import CHARACTERS_PER_TOKEN
from .cell_encoder import CellEncoder
from .kernel_names import kernel_lines

#: Room for the tokens that open a cell.
_CELL_TOKENS = 8


def excerpt_ids(excerpts: Sequence[Excerpt], encoder: CellEncoder, budget: int) -> list[int]:
    """Return the token ids of parts of other files, each a cell that begins with its path.

    Parameters
    ----------
    excerpts
        The parts, the most useful first; the last one that fits is cut at a line.
    encoder
        Encodes the cells.
    budget
        Maximum number of tokens.
    """
    ids: list[int] = []
    for excerpt in excerpts:
        head = encoder.comment(" ".join(excerpt.path.split()))
        lines = [head, *excerpt.text.strip("\n")[: budget * CHARACTERS_PER_TOKEN].split("\n")]
        fitting = _fitting(lines, encoder, budget - len(ids))
        if fitting > 1:
            ids += encoder.encode(Cell("code", "\n".join(lines[:fitting])))
        if fitting < len(lines):
            break
    return ids


def kernel_ids(names: Sequence[KernelName], encoder: CellEncoder, budget: int) -> list[int]:
    """Return the token ids of the names in the kernel, one cell of comments.

    Parameters
    ----------
    names
        The names, the most useful first. The most useful is written last, next to the cursor.
    encoder
        Encodes the cell.
    budget
        Maximum number of tokens.
    """
    head = encoder.comment("Names in the kernel:")
    taken: list[str] = []
    room = budget - _CELL_TOKENS - encoder.line_tokens(head)
    for line in kernel_lines(names):
        text = encoder.comment(line)
        tokens = encoder.line_tokens(text)
        if tokens <= room:
            taken.append(text)
            room -= tokens
    if not taken:
        return []
    return encoder.encode(Cell("code", "\n".join([head, *reversed(taken)])))


def below_ids(below: Sequence[Cell], encoder: CellEncoder, budget: int) -> list[int]:
    """Return the token ids of the cells below, which follow the rest of the current cell.

    Parameters
    ----------
    below
        The cells below, in notebook order. Whole cells are taken, the nearest ones.
    encoder
        Encodes the cells.
    budget
        Maximum number of tokens.
    """
    ids: list[int] = []
    for cell in below:
        source = cell.source.strip()
        if cell.type == "raw" or not source:
            continue
        if len(source) > budget * CHARACTERS_PER_TOKEN:
            break
        encoded = encoder.encode_below(cell)
        if len(ids) + len(encoded) > budget:
            break
        ids += encoded
    return ids


def _fitting(lines: Sequence[str], encoder: CellEncoder, budget: int) -> int:
    """Return how many of the first lines fit into the budget."""
    room = budget - _CELL_TOKENS
    for number, line in enumerate(lines):
        room -= encoder.line_tokens(line)
        if room < 0:
            return number
    return len(lines)
