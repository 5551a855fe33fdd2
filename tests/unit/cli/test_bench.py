"""What ``bench`` types, and in which layouts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from jupyter_safecoder.cli.bench import _compared_layouts, read_tasks_of
from jupyter_safecoder.evaluation.tasks import SAMPLE, notebook_tasks
from jupyter_safecoder.protocol import ModelInfo
from tests.support.notebook_files import write_notebook


def test_a_file_of_tasks_a_notebook_or_the_sample(tmp_path: Path) -> None:
    notebook = write_notebook(tmp_path / "n.ipynb", ("code", "x = 1"))
    (task,) = read_tasks_of(notebook)
    assert task["expected"] == "x = 1"
    tasks = tmp_path / "tasks.jsonl"
    tasks.write_text(json.dumps(task))
    assert read_tasks_of(tasks) == [task]
    assert read_tasks_of(None) == notebook_tasks(SAMPLE)


@pytest.mark.parametrize(
    ("layouts", "compared"),
    [
        (("context", "spm", "psm"), ["spm", "psm"]),
        (("psm",), ["psm"]),
        (("prefix",), ["prefix"]),
    ],
)
def test_spm_and_psm_are_compared_if_the_model_has_them(
    layouts: tuple[str, ...], compared: list[str]
) -> None:
    model = ModelInfo("m", "starcoder", layouts, layouts[0], 8192, ("python",), "Apache-2.0")
    assert _compared_layouts(model) == compared
