"""``jupyter safecoder tasks make``, as a user and a program run it."""

from __future__ import annotations

import json
from pathlib import Path

from jupyter_safecoder.evaluation.tasks import read_tasks
from tests.support.cli import run
from tests.support.notebook_files import write_notebook

#: What a library prints itself is not among the tasks.
SETUP = "import os; rows = [os.write(1, b'printed'), 2]"


def test_it_prints_a_task_a_line(tmp_path: Path) -> None:
    good = write_notebook(tmp_path / "good.ipynb", ("code", SETUP), ("code", "len(rows)"))
    write_notebook(tmp_path / "fails.ipynb", ("code", "rows = [1, 2]"), ("code", "1 / 0"))
    (tmp_path / "no.ipynb").write_text("no notebook")
    done = run("tasks", "make", tmp_path, "--execute", "--json", "--seed", "1")
    (tmp_path / "tasks.jsonl").write_text(done.stdout)
    tasks = read_tasks(tmp_path / "tasks.jsonl")
    names = sorted(task["id"].partition("/")[2] for task in tasks)
    assert names == ["fails.ipynb#0:0", "good.ipynb#0:0", "good.ipynb#1:0"]
    assert all("kernel" in task for task in tasks)
    assert "fails.ipynb: cell 1 failed: ZeroDivisionError. Tasks of it: 1." in done.stderr
    assert "no.ipynb: " in done.stderr
    assert "is not a Jupyter notebook" in done.stderr
    again = run("tasks", "make", good, "--execute", "--json", "--seed", "1").stdout.splitlines()
    assert again == [line for line in done.stdout.splitlines() if "/good.ipynb" in line]
    assert [json.loads(line)["id"] for line in again]


def test_it_prints_a_table(tmp_path: Path) -> None:
    (tmp_path / "tools.py").write_text("def double(x): return 2 * x\n")
    path = write_notebook(
        tmp_path / "n.ipynb", ("code", "import tools"), ("code", "tools.double(3)")
    )
    done = run("tasks", "make", path, "--per-notebook", "1")
    assert "tasks: 1\n" in done.stdout
    assert "1 local_function" in done.stdout
    assert "executed" in done.stdout


def test_no_tasks(tmp_path: Path) -> None:
    write_notebook(tmp_path / "n.ipynb", ("markdown", "text"))
    assert "tasks: 0" in run("tasks", "make", tmp_path / "n.ipynb", status=1).stdout
    missing = run("tasks", "make", tmp_path / "none", status=1)
    assert "There is no file" in missing.stderr
