"""Passages: of which notebooks, how many lines, in which order."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from jupyter_safecoder.errors import NotebookError
from jupyter_safecoder.evaluation.replay.passages import (
    Notebook,
    Passage,
    draw_passages,
    read_notebooks,
    written_lines,
)
from jupyter_safecoder.protocol import Cell
from tests.support.notebook_files import write_notebook

CELLS = (
    Cell("markdown", "# Title"),
    Cell("code", "\nif x:  \n\n    pass\n", "out"),
    Cell("code", "  \n"),
    Cell("code", "y = 1"),
)
LONG = Notebook((Cell("code", "\n".join(f"a{n} = {n}" for n in range(100))),), "python")


def test_white_space_at_ends_is_not_written() -> None:
    assert written_lines(CELLS[1]) == ["if x:", "", "    pass"]
    assert written_lines(CELLS[2]) == []


def test_all_cells_from_top_to_bottom() -> None:
    assert draw_passages([Notebook(CELLS, "r")], 100, 0) == [
        Passage(CELLS[:1], "r", "", "if x:\n\n    pass"),
        Passage(CELLS[:3], "r", "", "y = 1"),
    ]


def test_a_long_cell_that_is_typed_to_its_end_is_one_passage() -> None:
    (passage,) = draw_passages([LONG], 100, 0)
    assert (passage.prefix, passage.text) == ("", LONG.cells[0].source)


def test_lines_are_drawn_by_seed() -> None:
    def draw(seed: int) -> list[Passage]:
        return draw_passages([LONG], 20, seed)

    drawn = draw(1)
    assert sum(len(passage.text.split("\n")) for passage in drawn) == 20
    assert drawn == draw(1) != draw(2)
    source = LONG.cells[0].source
    starts = [len(passage.prefix) for passage in drawn]
    assert len(starts) > 1
    assert starts == sorted(starts)
    assert all(source.startswith(passage.prefix + passage.text) for passage in drawn)


def test_the_indentation_of_the_first_line_is_there_already() -> None:
    source = "\n".join(["if x:", *["    y = 1"] * 15])
    passages = {
        (passage.prefix[-6:], passage.text[:5])
        for seed in range(10)
        for passage in draw_passages([Notebook((Cell("code", source),), "python")], 2, seed)
    }
    assert passages == {("", "if x:"), ("1\n    ", "y = 1")}


def test_notebooks_without_code() -> None:
    with pytest.raises(NotebookError, match="no line"):
        draw_passages([Notebook(CELLS[:1], "python")], 10, 0)


def test_notebooks_and_those_of_tasks_each_once(tmp_path: Path) -> None:
    cells = [{"type": "code", "source": "a = 1", "output": "1"}, {"type": "code", "source": "b"}]
    task = {"cells": cells, "cell_index": 1, "prefix": "", "suffix": "", "expected": "b"}
    tasks = tmp_path / "tasks.jsonl"
    tasks.write_text(f"{json.dumps(task)}\n" * 2, "utf-8")
    notebook = write_notebook(
        tmp_path / "n.ipynb", ("code", "x <- 1"), kernelspec={"name": "ir", "language": "R"}
    )
    assert read_notebooks([tasks, notebook, notebook]) == [
        Notebook((Cell("code", "a = 1", "1"), Cell("code", "b")), "python"),
        Notebook((Cell("code", "x <- 1"),), "r"),
    ]
