"""Encodes cells in StarCoder's notebook format.

Source: BigCode's bigcode-dataset, preprocessing of Jupyter notebooks. After ``<jupyter_start>``
each cell has its token and its stripped text with nothing between, then ``<jupyter_output>`` and
the first text output. The current cell opens with ``<jupyter_code>`` and ends at the cursor.
"""

from __future__ import annotations

from jupyter_safecoder.protocol import Cell

from .families import NotebookTokens
from .tokenizer import Tokenizer


def cell_ids(cell: Cell, output: str, tokens: NotebookTokens, tokenizer: Tokenizer) -> list[int]:
    """Return the token ids of a cell.

    Parameters
    ----------
    cell
        A code or markdown cell.
    output
        Its output, shortened; empty: none.
    tokens
        Names of the family's notebook tokens.
    tokenizer
        The model's.
    """
    cell_token = tokens.code if cell.type == "code" else tokens.markdown
    ids = [tokenizer.token_id(cell_token), *tokenizer.encode_cell(cell.source.strip())]
    if output:
        ids += [tokenizer.token_id(tokens.output), *tokenizer.encode_cell(output)]
    return ids
