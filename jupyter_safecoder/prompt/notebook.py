"""Encodes what stands before the current cell: in the family's notebook tokens, or as a script."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from jupyter_safecoder.outputs import clean_output
from jupyter_safecoder.protocol import Cell, CompletionRequest

from . import cell_script
from .budget import CHARACTERS_PER_TOKEN, Budget
from .cell_tokens import cell_ids
from .families import FimFamily
from .sources import excerpt_ids, kernel_ids
from .tokenizer import Tokenizer
from .window import anchored_first

#: Outputs are cut at this many characters, as in the embedded model's training data.
OUTPUT_CHARACTERS = 200

#: Types of cells that models know; raw cells are left out.
_CELL_TYPES = ("code", "markdown")


@dataclass(frozen=True)
class Context:
    """Token ids of what stands before the current cell, in this order.

    Parameters
    ----------
    start
        Opening of the notebook.
    modules
        Signatures of local modules: they change rarely.
    cells
        The cells above.
    files
        Parts of other documents, chosen when the user enters the cell.
    kernel
        Names in the kernel, which change with each execution.
    opening
        Opening of the current cell.
    """

    start: Sequence[int] = ()
    modules: Sequence[int] = ()
    cells: Sequence[int] = ()
    files: Sequence[int] = ()
    kernel: Sequence[int] = ()
    opening: Sequence[int] = ()

    @property
    def ids(self) -> list[int]:
        """All token ids."""
        return [*self.start, *self.modules, *self.cells, *self.files, *self.kernel, *self.opening]


def encode_context(
    request: CompletionRequest, family: FimFamily, tokenizer: Tokenizer, budget: Budget
) -> Context:
    """Return the context of a request; empty for a script without context.

    Parameters
    ----------
    request
        The cells above, names, modules and files.
    family
        Gives the notebook tokens; without them cells are written as a script.
    tokenizer
        The model's.
    budget
        Maximum number of tokens of each source.
    """
    language = request.language
    modules = excerpt_ids(request.modules, language, family, tokenizer, budget.modules)
    cells = _cells_ids(request.before, language, family, tokenizer, budget.context)
    files = excerpt_ids(request.files, language, family, tokenizer, budget.files)
    kernel = kernel_ids(request.kernel, language, family, tokenizer, budget.kernel)
    if family.notebook:
        start, opening = (
            [tokenizer.token_id(name)] for name in (family.notebook.start, family.notebook.code)
        )
    elif modules or cells or files or kernel:
        start = tokenizer.encode_cell(family.prefix_text) if family.prefix_text else []
        opening = tokenizer.encode_cell(cell_script.code_cell_marker(language))
    else:
        return Context()
    return Context(start, modules, cells, files, kernel, opening)


def _cells_ids(
    before: Sequence[Cell], language: str, family: FimFamily, tokenizer: Tokenizer, budget: int
) -> list[int]:
    """Return the token ids of the cells above the cursor.

    Only whole cells are included, the nearest ones; the first of them is anchored, see
    :mod:`.window`. A cell that alone exceeds the budget is left out. A notebook in another language
    than Python starts with a cell that names it.
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
    return [token for cell in chosen for token in cell]


def _encode(cell: Cell, language: str, family: FimFamily, tokenizer: Tokenizer) -> list[int]:
    output = clean_output(cell.output)[:OUTPUT_CHARACTERS]
    if family.notebook:
        return cell_ids(cell, output, family.notebook, tokenizer)
    return tokenizer.encode_cell(cell_script.cell_text(cell, output, language))
