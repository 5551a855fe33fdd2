"""Encodes cells: in the notebook tokens of the family, or as a script.

Source of the notebook tokens' format: BigCode's bigcode-dataset, preprocessing of Jupyter
notebooks. After ``<jupyter_start>`` each cell has its token and its stripped text with nothing
between, then ``<jupyter_output>`` and the first text output. The current cell opens with
``<jupyter_code>`` and ends at the cursor.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from jupyter_safecoder.protocol import Cell

from .cell_script import cell_text, code_cell_marker, comment_start
from .families import FimFamily
from .tokenizer import Tokenizer


@dataclass(frozen=True)
class CellEncoder:
    """Encodes the cells of a notebook.

    Parameters
    ----------
    language
        Language of the kernel.
    family
        Gives the notebook tokens; without them cells are written as a script.
    tokenizer
        The model's.
    """

    language: str
    family: FimFamily
    tokenizer: Tokenizer

    def start(self) -> list[int]:
        """Return the token ids that open the notebook."""
        if tokens := self.family.notebook:
            return [self.tokenizer.token_id(tokens.start)]
        text = self.family.prefix_text
        return self.tokenizer.encode_cell(text) if text else []

    def opening(self) -> list[int]:
        """Return the token ids that open the current cell."""
        if tokens := self.family.notebook:
            return [self.tokenizer.token_id(tokens.code)]
        return self.tokenizer.encode_cell(code_cell_marker(self.language))

    def encode(self, cell: Cell, output: str = "") -> list[int]:
        """Return the token ids of a cell before the current one.

        Parameters
        ----------
        cell
            A code or markdown cell.
        output
            Its output, shortened; empty: none.
        """
        tokens, tokenizer = self.family.notebook, self.tokenizer
        if tokens is None:
            return tokenizer.encode_cell(cell_text(cell, output, self.language))
        cell_token = tokens.code if cell.type == "code" else tokens.markdown
        ids = [tokenizer.token_id(cell_token), *tokenizer.encode_cell(cell.source.strip())]
        if output:
            ids += [tokenizer.token_id(tokens.output), *tokenizer.encode_cell(output)]
        return ids

    def encode_below(self, cell: Cell) -> list[int]:
        """Return the token ids of a code or markdown cell that follows the current one."""
        if self.family.notebook:
            return self.encode(cell)
        text = cell_text(cell, "", self.language)
        return self.tokenizer.encode_cell(f"\n\n{text}".rstrip("\n"))

    def line_tokens(self, line: str) -> int:
        """Return the number of tokens of a line with its end."""
        return len(self.tokenizer.encode_cell(f"{line}\n"))

    def comment(self, text: str) -> str:
        """Return a text of one line as a comment."""
        return f"{self._comment_start} {text}"

    @cached_property
    def _comment_start(self) -> str:
        return comment_start(self.language)
