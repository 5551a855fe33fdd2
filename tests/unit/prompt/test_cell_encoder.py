"""Cells in StarCoder's notebook format, and as a script."""

from __future__ import annotations

import pytest

from jupyter_safecoder.engines.scripted import ByteTokenizer
from jupyter_safecoder.prompt import FAMILIES
from jupyter_safecoder.prompt.cell_encoder import CellEncoder
from jupyter_safecoder.protocol import Cell

TOKENIZER = ByteTokenizer()
NOTEBOOK = CellEncoder("python", FAMILIES["starcoder"], TOKENIZER)
SCRIPT = CellEncoder("rust", FAMILIES["prefix-only"], TOKENIZER)


@pytest.mark.parametrize(
    ("cell", "name"),
    [
        (Cell("code", "\n a = 1 \n"), "<jupyter_code>"),
        (Cell("markdown", "\n a = 1 \n"), "<jupyter_text>"),
    ],
)
def test_a_cell_has_its_token_and_its_stripped_text(cell: Cell, name: str) -> None:
    expected = [TOKENIZER.token_id(name), *b"a = 1"]
    assert NOTEBOOK.encode(cell) == NOTEBOOK.encode_below(cell) == expected


def test_the_output_follows_after_its_token() -> None:
    ids = NOTEBOOK.encode(Cell("code", "1"), "out")
    code, output = (TOKENIZER.token_id(name) for name in ("<jupyter_code>", "<jupyter_output>"))
    assert ids == [code, *b"1", output, *b"out"]


def test_the_notebook_and_the_current_cell_open_with_their_tokens() -> None:
    assert NOTEBOOK.start() == [TOKENIZER.token_id("<jupyter_start>")]
    assert NOTEBOOK.opening() == [TOKENIZER.token_id("<jupyter_code>")]


def test_a_script() -> None:
    cell = Cell("code", " a(); \n")
    assert SCRIPT.start() == []
    assert bytes(SCRIPT.opening()) == b"// %%\n"
    assert bytes(SCRIPT.encode(cell, "1")) == b"// %%\na();\n// => 1\n\n"
    assert bytes(SCRIPT.encode_below(cell)) == b"\n\n// %%\na();"


def test_a_script_may_open_with_a_text_of_the_family() -> None:
    encoder = CellEncoder("python", FAMILIES["codellama"], TOKENIZER)
    assert bytes(encoder.start()) == b" "


def test_lines() -> None:
    assert SCRIPT.comment("a") == "// a"
    assert SCRIPT.line_tokens("// a") == len("// a\n")
