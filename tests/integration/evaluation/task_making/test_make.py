"""Tasks of notebooks that are executed, and of notebooks that are only cut."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from jupyter_safecoder.errors import NotebookError
from jupyter_safecoder.evaluation.task_making.make import (
    MadeTasks,
    MakeOptions,
    count_cells,
    make_tasks,
)
from jupyter_safecoder.evaluation.tasks import read_tasks, task_request
from tests.support.notebook_files import write_notebook

MODULE = '''
import pandas as pd

def load_meters(path, rows=4):
    """Load the meters of a file."""
    return pd.DataFrame({"load_kw": range(rows), "site": "mill"})
'''
CELLS = (
    ("markdown", "# Load"),
    ("code", "import gridkit as gk\nlimit = 2"),
    ("code", 'frame = gk.load_meters("meters.csv", rows=5)\nprint(frame.shape)'),
    ("code", 'high = frame[frame["load_kw"] > limit]\ntotal = frame["load_kw"].sum()'),
    ("code", 'print(high["site"].unique())'),
    ("markdown", "The end."),
)
EXECUTE = MakeOptions(execute=True, per_notebook=20)


def write_meters(folder: Path) -> Path:
    """Write a notebook beside the module that it imports."""
    (folder / "gridkit.py").write_text(MODULE)
    return write_notebook(folder / "meters.ipynb", *CELLS)


@pytest.fixture
def notebook(tmp_path: Path) -> Path:
    """Return a notebook beside the module that it imports."""
    return write_meters(tmp_path)


@pytest.fixture(scope="module")
def executed(tmp_path_factory: pytest.TempPathFactory) -> MadeTasks:
    """Return the tasks of that notebook, which was executed."""
    return make_tasks(write_meters(tmp_path_factory.mktemp("executed")), EXECUTE)


def of_line(made: MadeTasks, cell: int, line: int) -> dict[str, Any]:
    """Return the task of a line."""
    return next(task for task in made.tasks if task["id"].endswith(f"#{cell}:{line}"))


def test_a_task_has_what_the_kernel_knows_before_its_cell(executed: MadeTasks) -> None:
    assert (executed.cells, executed.executed, executed.failure) == (4, 4, "")
    task = of_line(executed, 3, 1)
    kernel = {name["name"]: name for name in task["kernel"]}
    columns = kernel["frame"]["columns"]
    assert kernel["frame"] == {
        "name": "frame",
        "type": "DataFrame",
        "shape": [5, 2],
        "columns": columns,
    }
    assert columns[0] == {"name": "load_kw", "dtype": "int64"}
    assert [column["name"] for column in columns] == ["load_kw", "site"]
    assert "total" not in kernel
    assert "high" not in kernel  # its cell was not executed
    assert "column" in task["uses"]
    assert "local_function" in of_line(executed, 2, 0)["uses"]
    assert task["files"][0] == {"path": "gridkit.py", "source": MODULE}


def test_a_task_has_the_cells_of_its_notebook_and_the_outputs_above(executed: MadeTasks) -> None:
    task = of_line(executed, 3, 1)
    assert [cell["source"] for cell in task["cells"]] == [source for _, source in CELLS]
    assert [cell.get("output") for cell in task["cells"]] == [
        *(None, None, "(5, 2)"),
        *([None] * 3),
    ]
    current = task["cells"][task["cell_index"]]["source"]
    assert task["prefix"] + task["expected"] + task["suffix"] == current


def test_what_is_hidden_is_not_asked_for(tmp_path: Path) -> None:
    cells = [("code", f"value_{index} = {index}") for index in range(30)]
    path = write_notebook(tmp_path / "n.ipynb", *cells, ("code", "print(value_3 + value_7)"))
    hidden = set()
    for seed in range(2):
        made = make_tasks(path, MakeOptions(execute=True, seed=seed, per_notebook=99))
        task = of_line(made, 30, 0)
        named = {name["name"] for name in task["kernel"]}
        # The cells next to it are asked for first; the answer changes nothing of that.
        assert len(named) <= 40
        order = [name["name"] for name in task["kernel"]]
        assert order.index("value_29") < order.index("value_7")
        hidden.add(task["expected"])
    assert len(hidden) == 2


def test_members_are_those_that_the_line_begins(tmp_path: Path) -> None:
    path = write_notebook(
        tmp_path / "n.ipynb", ("code", "import json"), ("code", "json.dumps({})\njson.loads('[]')")
    )

    def typed(**options: Any) -> list[dict[str, Any]]:
        made = make_tasks(path, MakeOptions(per_notebook=9, **options))
        return [task for task in made.tasks if task["prefix"].endswith(("json.", "json.d"))]

    # Where the lines are cut does not depend on whether they are executed.
    seed = next(seed for seed in range(100) if typed(seed=seed))
    first, *_ = typed(seed=seed, execute=True)
    assert first["kernel"][0]["name"] == "json"
    assert "dumps" in first["kernel"][0]["members"]


def test_tasks_are_those_that_are_read(executed: MadeTasks, tmp_path: Path) -> None:
    file = tmp_path / "tasks.jsonl"
    file.write_text("".join(json.dumps(task) + "\n" for task in executed.tasks))
    assert read_tasks(file) == list(executed.tasks)
    request = task_request(of_line(executed, 3, 1))
    assert len(request.before) == 3
    assert {name.name for name in request.kernel} >= {"frame", "limit"}


def test_the_same_seed_makes_the_same_tasks(notebook: Path) -> None:
    few = MakeOptions(execute=True, seed=3, per_notebook=2)
    made = make_tasks(notebook, few)
    assert make_tasks(notebook, few) == made
    assert len(made.tasks) == 2
    cut = [make_tasks(notebook, MakeOptions(seed=seed)).tasks for seed in range(4)]
    assert any(tasks != cut[0] for tasks in cut[1:])


def test_a_failure_keeps_the_tasks_before_it(tmp_path: Path) -> None:
    path = write_notebook(
        tmp_path / "n.ipynb",
        ("code", "first = 1"),
        ("code", "second = first / 0"),
        ("code", "third = second"),
    )
    done: list[int] = []
    made = make_tasks(path, EXECUTE, done.append)
    assert (made.executed, made.failure) == (1, "cell 1 failed: ZeroDivisionError")
    assert {task["id"].partition("#")[2] for task in made.tasks} == {"0:0"}
    assert done == [1]


def test_an_endless_loop_ends_the_notebook(tmp_path: Path) -> None:
    path = write_notebook(
        tmp_path / "n.ipynb", ("code", "value = 1"), ("code", "while True:\n    value += 1")
    )
    made = make_tasks(path, MakeOptions(execute=True, cell_s=1))
    assert made.failure == "cell 1 takes too long"
    assert len(made.tasks) == 1
    made = make_tasks(path, MakeOptions(execute=True, notebook_s=0))
    assert (made.executed, made.failure, made.tasks) == (0, "the notebook takes too long", ())


def test_a_kernel_that_dies_ends_the_notebook(tmp_path: Path) -> None:
    path = write_notebook(
        tmp_path / "n.ipynb", ("code", "import os"), ("code", "os._exit(1)"), ("code", "x = 11")
    )
    made = make_tasks(path, EXECUTE)
    assert (made.executed, made.failure) == (1, "cell 1 ended the kernel")


def test_the_user_s_folder_stays_as_it_is(tmp_path: Path) -> None:
    write = "from pathlib import Path\nPath('new').write_text('x')\nPath('n.ipynb').unlink()"
    folder = tmp_path / "folder"
    folder.mkdir()
    path = write_notebook(folder / "n.ipynb", ("code", write))
    before = path.read_bytes()
    assert make_tasks(path, EXECUTE).failure == ""
    assert [one.name for one in folder.iterdir()] == ["n.ipynb"]
    assert path.read_bytes() == before


def test_a_notebook_that_is_not_executed(notebook: Path) -> None:
    made = make_tasks(notebook, MakeOptions(per_notebook=20))
    assert (made.executed, made.failure) == (0, "")
    assert not any("kernel" in task for task in made.tasks)
    assert of_line(made, 2, 0)["uses"] == ["local_function"]


def test_cells_are_those_that_a_prompt_can_hold(tmp_path: Path) -> None:
    cells = [("code", f"value_{index} = '{'x' * 3_000}'") for index in range(20)]
    cells[10] = ("code", "total = value_3 + value_4")
    path = write_notebook(tmp_path / "n.ipynb", *cells)
    task = of_line(make_tasks(path, MakeOptions(per_notebook=99)), 10, 0)
    assert task["cell_index"] == 3
    assert len(task["cells"]) == 5
    assert task["cells"][3]["source"] == "total = value_3 + value_4"


def test_other_languages_and_files_have_no_tasks(tmp_path: Path) -> None:
    metadata = {"language_info": {"name": "R"}}
    path = write_notebook(tmp_path / "r.ipynb", ("code", "x <- c(1, 2)"), **metadata)
    made = make_tasks(path, EXECUTE)
    assert (made.tasks, made.failure) == ((), "it is not in Python")
    (tmp_path / "no.ipynb").write_text("no notebook")
    with pytest.raises(NotebookError):
        make_tasks(tmp_path / "no.ipynb", EXECUTE)
    assert count_cells(tmp_path / "no.ipynb") == 0
    assert count_cells(path) == 1


def test_what_a_safecoderignore_excludes_is_in_no_task(notebook: Path) -> None:
    folder = notebook.parent
    (folder / "secret.py").write_text("PLAN = 1\n")
    write_notebook(folder / "secret.ipynb", ("code", "plan = 1"))
    (folder / ".safecoderignore").write_text("secret*\n")
    made = make_tasks(notebook, MakeOptions())
    assert {one["path"] for task in made.tasks for one in task["files"]} == {"gridkit.py"}
    made = make_tasks(folder / "secret.ipynb", MakeOptions())
    assert made.tasks == ()
    assert "a pattern in .safecoderignore excludes this document" in made.failure
