"""Cells as a script in the percent format."""

from __future__ import annotations

import pytest

from jupyter_safecoder.prompt.cell_script import cell_text, code_cell_marker
from jupyter_safecoder.protocol import Cell


@pytest.mark.parametrize(
    ("language", "marker"),
    [
        *(("python", "# %%\n"), ("", "# %%\n"), ("r", "# %%\n")),
        *(("rust", "// %%\n"), ("sql", "-- %%\n"), ("matlab", "% %%\n")),
    ],
)
def test_the_marker_is_a_comment_of_the_language(language: str, marker: str) -> None:
    assert code_cell_marker(language) == marker


def test_a_code_cell_with_output() -> None:
    text = cell_text(Cell("code", "\nlet a = 1;\n"), "1\n2", "rust")
    assert text == "// %%\nlet a = 1;\n// => 1\n// => 2\n\n"


def test_a_code_cell_without_output() -> None:
    assert cell_text(Cell("code", "a = 1"), "", "python") == "# %%\na = 1\n\n"


def test_a_markdown_cell_is_commented_out_without_trailing_spaces() -> None:
    text = cell_text(Cell("markdown", "# T\n\ntext"), "", "python")
    assert text == "# %% [markdown]\n# # T\n#\n# text\n\n"
