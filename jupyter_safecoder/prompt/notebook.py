"""The cells around the cursor as token ids, in StarCoder's notebook format.

Format (BigCode, bigcode-dataset, preprocessing of Jupyter notebooks): ``<jupyter_start>``, then for
each cell its token and its stripped text with nothing between, then ``<jupyter_output>`` and the
first text output. The current cell opens with ``<jupyter_code>`` and ends at the cursor.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..protocol import Cell
from .budget import CHARACTERS_PER_TOKEN
from .families import FimFamily
from .tokenizer import Tokenizer
from .window import anchored_start

#: Outputs are cut at this many characters, as in the embedded model's training data.
OUTPUT_CHARACTERS = 200


def context_ids(
    before: Sequence[Cell], family: FimFamily, tokenizer: Tokenizer, budget: int
) -> list[int]:
    """Return the ids of the cells above the cursor, the opening of the current cell included.

    Whole cells only, the nearest ones, at most ``budget`` tokens of them; the first cell taken is
    anchored (see :mod:`.window`). A cell that is too large by itself is left out.
    """
    cells = [ids for cell in before if (ids := _cell_ids(cell, family, tokenizer, budget))]
    return [
        tokenizer.special(family.notebook_start),
        *_nearest(cells, budget),
        tokenizer.special(family.code),
    ]


def _nearest(cells: list[list[int]], budget: int) -> list[int]:
    first = anchored_start(sum(map(len, cells)), budget)
    taken: list[int] = []
    position = 0
    for ids in cells:
        if position >= first:
            taken += ids
        position += len(ids)
    return taken


def _cell_ids(cell: Cell, family: FimFamily, tokenizer: Tokenizer, budget: int) -> list[int]:
    source = cell.source.strip()
    opening = {"code": family.code, "markdown": family.markdown}.get(cell.type)
    if not source or opening is None or len(source) > budget * CHARACTERS_PER_TOKEN:
        return []
    ids = [tokenizer.special(opening), *tokenizer.encode_cell(source)]
    output = cell.output.strip()[:OUTPUT_CHARACTERS]
    if output:
        ids += [tokenizer.special(family.output), *tokenizer.encode_cell(output)]
    return ids if len(ids) <= budget else []
