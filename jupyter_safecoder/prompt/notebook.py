"""Encodes what stands before the current cell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from jupyter_safecoder.outputs import clean_output
from jupyter_safecoder.protocol import Cell, CompletionRequest

from .budget import CHARACTERS_PER_TOKEN, Budget
from .cell_encoder import CellEncoder
from .sources import excerpt_ids, kernel_ids
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
    files
        Parts of other documents, chosen when the user enters the cell. They are before the cells:
        what is nearer to the cursor is copied more, and that must be the notebook's own.
    cells
        The cells above.
    kernel
        Names in the kernel, which change with each execution.
    opening
        Opening of the current cell.
    """

    start: Sequence[int] = ()
    modules: Sequence[int] = ()
    files: Sequence[int] = ()
    cells: Sequence[int] = ()
    kernel: Sequence[int] = ()
    opening: Sequence[int] = ()

    @cached_property
    def ids(self) -> list[int]:
        """All token ids."""
        return [*self.start, *self.modules, *self.files, *self.cells, *self.kernel, *self.opening]


def encode_context(request: CompletionRequest, encoder: CellEncoder, budget: Budget) -> Context:
    """Return the context of a request; empty for a script without context.

    Parameters
    ----------
    request
        The cells above, names, modules and files.
    encoder
        Encodes the cells.
    budget
        Maximum number of tokens of each source.
    """
    modules = excerpt_ids(request.modules, encoder, budget.modules)
    files = excerpt_ids(request.files, encoder, budget.files)
    cells = _cells_ids(request.before, encoder, budget.context)
    kernel = kernel_ids(request.kernel, encoder, budget.kernel)
    if encoder.family.notebook is None and not (modules or cells or files or kernel):
        return Context()
    return Context(encoder.start(), modules, files, cells, kernel, encoder.opening())


def _cells_ids(before: Sequence[Cell], encoder: CellEncoder, budget: int) -> list[int]:
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
    cells = [encoder.encode(cell, clean_output(cell.output)[:OUTPUT_CHARACTERS]) for cell in near]
    cells = [ids for ids in cells if len(ids) <= budget]
    chosen = cells[anchored_first([len(ids) for ids in cells], budget) :]
    # Models assume Python by default.
    if encoder.language not in ("python", ""):
        note = Cell("markdown", f"A notebook in {encoder.language}.")
        chosen.insert(0, encoder.encode(note))
    return [token for cell in chosen for token in cell]
