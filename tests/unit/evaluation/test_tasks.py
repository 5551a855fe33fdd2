"""Infilling tasks from files and notebooks."""

from __future__ import annotations

import json
import lzma
from pathlib import Path
from typing import Any

import pytest

from jupyter_safecoder.errors import NotebookError
from jupyter_safecoder.evaluation.tasks import SAMPLE, notebook_tasks, read_tasks, task_request
from jupyter_safecoder.protocol import Cell, Column, CompletionOptions
from tests.support.notebook_files import write_notebook

TASK: dict[str, Any] = {
    "id": "n#1",
    "cells": [
        {"type": "markdown", "source": "# T"},
        {"type": "code", "source": "x", "output": None},
        {"type": "code", "source": "hidden"},
    ],
    "cell_index": 2,
    "prefix": "y = ",
    "suffix": "\n",
    "expected": "1\u20282",
}


def test_tasks_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "tasks.jsonl"
    line = json.dumps(TASK, ensure_ascii=False)
    path.write_text(f"{line}\n\n{line}\n", "utf-8")
    assert read_tasks(path) == [TASK, TASK]


def test_tasks_of_a_compressed_file(tmp_path: Path) -> None:
    path = tmp_path / "tasks.jsonl.xz"
    packed = lzma.compress(json.dumps(TASK, ensure_ascii=False).encode())
    path.write_bytes(packed)
    assert read_tasks(path) == [TASK]
    for damaged in (packed[:-9], b"no archive"):
        path.write_bytes(damaged)
        with pytest.raises(NotebookError, match="cannot be read as text"):
            read_tasks(path)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "has no tasks"),
        (b"\xff", "cannot be read as text"),
        (json.dumps(TASK).encode() + b"\n{}", "Line 2 of .* is not an infilling task"),
        (b"[]", "Line 1"),
        (b'{"cells": 5}', "Line 1"),
    ],
)
def test_a_file_without_tasks(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "tasks.jsonl"
    path.write_bytes(content)
    with pytest.raises(NotebookError, match=reason):
        read_tasks(path)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(NotebookError, match="There is no file"):
        read_tasks(tmp_path / "none")


def test_the_request_of_a_task_has_the_cells_above_it() -> None:
    options = CompletionOptions("psm")
    request = task_request(TASK, options)
    assert (request.prefix, request.suffix, request.options) == ("y = ", "\n", options)
    assert request.before == (Cell("markdown", "# T"), Cell("code", "x"))


def test_the_request_of_a_task_has_the_cells_below_and_the_names_of_the_kernel() -> None:
    names = [
        {"name": "far", "type": "int"},
        {"name": "x", "type": "int", "shape": None},
        {"name": "df", "type": "DataFrame", "columns": [{"name": "a", "dtype": "int64"}]},
    ]
    task = {**TASK, "cells": [*TASK["cells"], {"type": "code", "source": "z"}], "kernel": names}
    task["prefix"] = "df.plot()\ny = "
    request = task_request(task)
    assert request.below == (Cell("code", "z"),)
    assert [name.name for name in request.kernel] == ["df", "x"]
    assert request.kernel[0].columns == (Column("a", "int64"),)


def test_names_are_chosen_without_the_line_that_is_written() -> None:
    names = [{"name": "hidden_name", "type": "int"}, {"name": "known", "type": "int"}]
    task = {**TASK, "prefix": "known\nhidden_name + ", "kernel": names}
    assert [name.name for name in task_request(task).kernel] == ["known"]


def test_the_request_of_a_task_has_modules_and_files() -> None:
    files = [
        {"path": "helpers/io.py", "source": "def load(path: str, sep=','):\n    return 1\n"},
        {"path": "other.py", "source": "table = load(path)\ntable.plot(kind='bar')\n"},
    ]
    cells = [{"type": "code", "source": "from helpers.io import load\ntable = load(path)"}]
    task = {**TASK, "cells": [*cells, *TASK["cells"]], "cell_index": 3, "files": files}
    request = task_request(task)
    assert [one.path for one in request.modules] == ["helpers/io.py"]
    assert "def load(path: str, sep=',')" in request.modules[0].text
    assert [one.path for one in request.files] == ["other.py"]


def test_a_notebook_has_a_task_for_the_longest_line_of_each_code_cell(tmp_path: Path) -> None:
    path = write_notebook(
        tmp_path / "n.ipynb",
        ("markdown", "# Title"),
        ("code", "if x:\n    long_line = 1\ny"),
        ("code", "  \n"),
    )
    (task,) = notebook_tasks(path)
    assert (task["id"], task["cell_index"]) == ("n.ipynb#1", 1)
    assert task["prefix"] + task["expected"] + task["suffix"] == "if x:\n    long_line = 1\ny"
    assert (task["prefix"], task["expected"]) == ("if x:\n    ", "long_line = 1")


def test_a_notebook_without_code(tmp_path: Path) -> None:
    with pytest.raises(NotebookError, match="no code to type"):
        notebook_tasks(write_notebook(tmp_path / "n.ipynb", ("markdown", "# T")))


def test_the_sample_notebook_has_tasks() -> None:
    assert len(notebook_tasks(SAMPLE)) >= 6
