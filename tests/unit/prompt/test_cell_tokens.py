"""Cells in StarCoder's notebook format."""

from __future__ import annotations

import pytest

from jupyter_safecoder.engines.scripted import ByteTokenizer
from jupyter_safecoder.prompt.cell_tokens import cell_ids
from jupyter_safecoder.prompt.families import NotebookTokens
from jupyter_safecoder.protocol import Cell

TOKENS = NotebookTokens("<jupyter_start>", "<jupyter_text>", "<jupyter_code>", "<jupyter_output>")


@pytest.mark.parametrize(
    ("cell", "name"),
    [
        (Cell("code", "\n a = 1 \n"), "<jupyter_code>"),
        (Cell("markdown", "\n a = 1 \n"), "<jupyter_text>"),
    ],
)
def test_a_cell_has_its_token_and_its_stripped_text(cell: Cell, name: str) -> None:
    tokenizer = ByteTokenizer()
    assert cell_ids(cell, "", TOKENS, tokenizer) == [tokenizer.token_id(name), *b"a = 1"]


def test_the_output_follows_after_its_token() -> None:
    tokenizer = ByteTokenizer()
    ids = cell_ids(Cell("code", "1"), "out", TOKENS, tokenizer)
    code, output = (tokenizer.token_id(name) for name in ("<jupyter_code>", "<jupyter_output>"))
    assert ids == [code, *b"1", output, *b"out"]
