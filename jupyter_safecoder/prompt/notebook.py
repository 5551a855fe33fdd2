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
from .window import anchored_first

#: Outputs are cut at this many characters, as in the embedded model's training data.
OUTPUT_CHARACTERS = 200

#: Cell types that have a token, of the same name in the family; raw cells have none.
_TYPES = ("code", "markdown")


def context_ids(
    before: Sequence[Cell], language: str, family: FimFamily, tokenizer: Tokenizer, budget: int
) -> list[int]:
    """Return the ids of the cells above the cursor, the opening of the current cell included.

    Whole cells only, the nearest ones, at most ``budget`` tokens of them; the first cell taken is
    anchored (see :mod:`.window`). A cell that is too large by itself is left out. A notebook that
    is not in Python says so first, however far its window has moved.
    """
    characters = budget * CHARACTERS_PER_TOKEN
    usable = [c for c in before if c.type in _TYPES and 0 < len(c.source.strip()) <= characters]
    # Counted in characters first: of thousands of cells only the nearest are tokenized.
    near = usable[anchored_first([len(cell.source) for cell in usable], characters) :]
    cells = [_cell_ids(cell, family, tokenizer) for cell in near]
    cells = [ids for ids in cells if len(ids) <= budget]
    taken = cells[anchored_first([len(ids) for ids in cells], budget) :]
    return [
        tokenizer.special(family.notebook_start),
        *_language_ids(language, family, tokenizer),
        *(token for ids in taken for token in ids),
        tokenizer.special(family.code),
    ]


def _language_ids(language: str, family: FimFamily, tokenizer: Tokenizer) -> list[int]:
    # Python is what models take for granted.
    if language in ("python", ""):
        return []
    return _cell_ids(Cell("markdown", f"A notebook in {language}."), family, tokenizer)


def _cell_ids(cell: Cell, family: FimFamily, tokenizer: Tokenizer) -> list[int]:
    opening: str = getattr(family, cell.type)
    ids = [tokenizer.special(opening), *tokenizer.encode_cell(cell.source.strip())]
    output = cell.output.strip()[:OUTPUT_CHARACTERS]
    if output:
        ids += [tokenizer.special(family.output), *tokenizer.encode_cell(output)]
    return ids
