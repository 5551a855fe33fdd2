"""Encodes the cells above the cursor: in the family's notebook tokens, or as a script."""

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

#: Types of cells that models know; raw cells are left out.
_CELL_TYPES = ("code", "markdown")


def context_ids(
    before: Sequence[Cell], language: str, family: FimFamily, tokenizer: Tokenizer, budget: int
) -> list[int]:
    """Return the token ids of the cells above the cursor, and of the current cell's opening.

    Only whole cells are included, the nearest ones; the first of them is anchored, see
    :mod:`.window`. A cell that alone exceeds the budget is left out. A notebook in another language
    than Python starts with a cell that names it. For a script the result is empty if no cell is
    included.

    Parameters
    ----------
    before
        The cells above, the first cell first.
    language
        Language of the kernel.
    family
        Gives the notebook tokens; without them cells are written as a script.
    tokenizer
        The model's.
    budget
        Maximum number of tokens of the cells.
    """
    characters = budget * CHARACTERS_PER_TOKEN
    usable = [
        cell
        for cell in before
        if cell.type in _CELL_TYPES and 0 < len(cell.source.strip()) <= characters
    ]
    # By characters first: of thousands of cells only the nearest are tokenized.
    near = usable[anchored_first([len(cell.source) for cell in usable], characters) :]
    cells = [_encode(cell, language, family, tokenizer) for cell in near]
    cells = [ids for ids in cells if len(ids) <= budget]
    chosen = cells[anchored_first([len(ids) for ids in cells], budget) :]
    # Models assume Python by default.
    if language not in ("python", ""):
        note = Cell("markdown", f"A notebook in {language}.")
        chosen.insert(0, _encode(note, language, family, tokenizer))
    ids = [token for cell in chosen for token in cell]
    if family.notebook:
        start, code = family.notebook.start, family.notebook.code
        return [tokenizer.token_id(start), *ids, tokenizer.token_id(code)]
    if not ids:
        return []
    prefix = tokenizer.encode_cell(family.prefix_text) if family.prefix_text else []
    return [*prefix, *ids, *tokenizer.encode_cell(cell_script.code_cell_marker(language))]


def _encode(cell: Cell, language: str, family: FimFamily, tokenizer: Tokenizer) -> list[int]:
    output = cell.output.strip()[:OUTPUT_CHARACTERS]
    if family.notebook:
        return cell_ids(cell, output, family.notebook, tokenizer)
    return tokenizer.encode_cell(cell_script.cell_text(cell, output, language))
