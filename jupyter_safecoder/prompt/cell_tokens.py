"""A cell in StarCoder's notebook format.

Format (BigCode, bigcode-dataset, preprocessing of Jupyter notebooks): ``<jupyter_start>``, then for
each cell its token and its stripped text with nothing between, then ``<jupyter_output>`` and the
first text output. The current cell opens with ``<jupyter_code>`` and ends at the cursor.
"""

from __future__ import annotations

from jupyter_safecoder.protocol import Cell

from .families import NotebookTokens
from .tokenizer import Tokenizer


def cell_ids(cell: Cell, output: str, tokens: NotebookTokens, tokenizer: Tokenizer) -> list[int]:
    """Return the ids of a cell, its output included."""
    opening = tokens.code if cell.type == "code" else tokens.markdown
    ids = [tokenizer.token_id(opening), *tokenizer.encode_cell(cell.source.strip())]
    if output:
        ids += [tokenizer.token_id(tokens.output), *tokenizer.encode_cell(output)]
    return ids
