"""The cells around the cursor as token ids: in the family's notebook tokens, or as a script."""

from __future__ import annotations

from collections.abc import Sequence

from jupyter_safecoder.protocol import Cell

from . import cell_script
from .budget import CHARACTERS_PER_TOKEN
from .cell_tokens import cell_ids
from .families import FimFamily
from .tokenizer import Tokenizer
from .window import anchored_first

#: Outputs are cut at this many characters, as in the embedded model's training data.
OUTPUT_CHARACTERS = 200

#: Cell types that models know; raw cells are none.
_TYPES = ("code", "markdown")


def context_ids(
    before: Sequence[Cell], language: str, family: FimFamily, tokenizer: Tokenizer, budget: int
) -> list[int]:
    """Return the ids of the cells above the cursor, the opening of the current cell included.

    Whole cells only, the nearest ones, at most ``budget`` tokens of them; the first cell taken is
    anchored (see :mod:`.window`). A cell that is too large by itself is left out. A notebook that
    is not in Python says so first, however far its window has moved. As a script there is nothing
    where there are no such cells.
    """
    characters = budget * CHARACTERS_PER_TOKEN
    usable = [c for c in before if c.type in _TYPES and 0 < len(c.source.strip()) <= characters]
    # Counted in characters first: of thousands of cells only the nearest are tokenized.
    near = usable[anchored_first([len(cell.source) for cell in usable], characters) :]
    cells = [_ids(cell, language, family, tokenizer) for cell in near]
    cells = [ids for ids in cells if len(ids) <= budget]
    taken = cells[anchored_first([len(ids) for ids in cells], budget) :]
    # Python is what models take for granted.
    if language not in ("python", ""):
        spoken = Cell("markdown", f"A notebook in {language}.")
        taken.insert(0, _ids(spoken, language, family, tokenizer))
    ids = [token for cell in taken for token in cell]
    if family.notebook:
        start, code = family.notebook.start, family.notebook.code
        return [tokenizer.token_id(start), *ids, tokenizer.token_id(code)]
    if not ids:
        return []
    lead = tokenizer.encode_cell(family.prefix_text) if family.prefix_text else []
    return [*lead, *ids, *tokenizer.encode_cell(cell_script.opening(language))]


def _ids(cell: Cell, language: str, family: FimFamily, tokenizer: Tokenizer) -> list[int]:
    output = cell.output.strip()[:OUTPUT_CHARACTERS]
    if family.notebook:
        return cell_ids(cell, output, family.notebook, tokenizer)
    return tokenizer.encode_cell(cell_script.cell_text(cell, output, language))
