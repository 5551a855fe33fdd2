"""Notebooks that are typed into."""

from __future__ import annotations

from benchmarks.browser.notebooks import first_key, notebook_cells
from jupyter_safecoder.evaluation.replay.passages import Passage
from jupyter_safecoder.protocol import Cell

ABOVE = (Cell("markdown", "# T"), Cell("code", "x = 1", "1"))


def test_the_last_cell_is_the_one_that_is_typed() -> None:
    cells = notebook_cells(Passage(ABOVE, "python", "a\n", "b"), 3, 0, "a\n")
    assert [cell.source for cell in cells] == ["# Notebook 3", "# T", "x = 1", "a\n"]
    assert cells[2].outputs[0].text == "1"


def test_cells_are_repeated_until_there_are_enough() -> None:
    cells = notebook_cells(Passage(ABOVE, "python", "", "b"), 0, 500, "")
    assert len(cells) == 500
    assert len({cell.source for cell in cells}) == 500
    assert cells[-2].source == "x = 1"
    assert len(notebook_cells(Passage((), "python", "", "b"), 0, 5, "")) == 5


def test_the_first_key_is_inside_a_line() -> None:
    passage = Passage((), "python", "import os\n    ", "# words, words, words\n    print(values)")
    assert first_key(passage) == (
        "import os\n    # words, words, words\n    print(",
        "v",
    )
    assert first_key(Passage((), "python", "", "x = 1")) is None
