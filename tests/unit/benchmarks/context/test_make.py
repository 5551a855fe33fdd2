"""The sets of tasks that come with the project, and what makes them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from benchmarks.context import make
from benchmarks.context.make import make_sets, read_sources
from jupyter_safecoder.evaluation.task_making.make import MadeTasks
from jupyter_safecoder.evaluation.tasks import read_tasks
from jupyter_safecoder.files.toml import read_toml
from tests.support.notebook_files import write_notebook
from tests.support.paths import ROOT

SETS = ROOT / "benchmarks" / "context"
PERMISSIVE = {"Apache-2.0", "BSD-3-Clause", "MIT"}
#: Notebooks, tasks and bytes of each set that are wanted: at least, at least and at most.
SIZES = {"packages": (60, 200, 1_200_000), "team": (30, 40, 300_000)}


@pytest.mark.parametrize("name", SIZES)
def test_a_set_is_what_its_manifest_says(name: str) -> None:
    manifest = json.loads((SETS / f"{name}.json").read_text("utf-8"))
    tasks = read_tasks(SETS / f"{name}.jsonl.xz")
    used = [notebook for notebook in manifest["notebooks"] if notebook["tasks"]]
    notebooks, number, size = SIZES[name]
    assert len(used) >= notebooks
    assert sum(notebook["tasks"] for notebook in used) == len(tasks) >= number
    assert (SETS / f"{name}.jsonl.xz").stat().st_size <= size
    assert len({task["id"] for task in tasks}) == len(tasks)
    assert manifest["command"] == f"python -m benchmarks context-tasks {name}"
    assert all(re.fullmatch("[0-9a-f]{64}", notebook["sha256"]) for notebook in used)


@pytest.mark.parametrize("name", SIZES)
def test_the_tasks_of_a_set_are_of_executed_notebooks(name: str) -> None:
    for task in read_tasks(SETS / f"{name}.jsonl.xz"):
        current = task["cells"][task["cell_index"]]["source"]
        assert task["prefix"] + task["expected"] + task["suffix"] == current
        assert isinstance(task["kernel"], list)
        assert set(task["uses"]) <= {"column", "local_function", "kernel_name"}


def test_the_packages_are_permissive_and_nothing_was_learned_from_them() -> None:
    recipe = read_toml(ROOT / "weights" / "recipe" / "sources.toml")
    learned = {package["name"] for package in recipe["packages"]} | set(recipe["held_out"])
    for sources in read_sources():
        assert sources.package.license in PERMISSIVE
        assert sources.package.name not in learned
        assert "opyright" in (SETS / "licenses" / f"{sources.package.name}.txt").read_text("utf-8")


def test_a_set_is_written_with_its_manifest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    team = tmp_path / "team"
    team.mkdir()
    write_notebook(team / "a.ipynb", ("code", "first_value = 1"), ("code", "print(first_value)"))
    write_notebook(team / "b.ipynb", ("markdown", "text"))
    monkeypatch.setattr(make, "TEAM", team)
    shares: list[float] = []
    report = make_sets(
        ["team"], tmp_path, tmp_path / "sets", lambda share, text: shares.append(share)
    )
    size = (tmp_path / "sets" / "team.jsonl.xz").stat().st_size
    assert report == {"team": {"notebooks": 2, "used": 1, "tasks": 2, "bytes": size}}
    assert shares == [0.0, 0.5]
    manifest = json.loads((tmp_path / "sets" / "team.json").read_text())
    rows: list[dict[str, Any]] = manifest["notebooks"]
    assert [(row["path"], row["executed"], row["tasks"]) for row in rows] == [
        ("a.ipynb", 2, 2),
        ("b.ipynb", 0, 0),
    ]
    assert [task["id"] for task in read_tasks(tmp_path / "sets" / "team.jsonl.xz")] == [
        "team/a.ipynb#0:0",
        "team/a.ipynb#1:0",
    ]


def test_a_failure_is_in_the_manifest(tmp_path: Path) -> None:
    path = tmp_path / "n.ipynb"
    made = MadeTasks(path, ({"id": "n"},), 3, 1, "cell 1 failed: KeyError")
    make._write(tmp_path / "team", [made], {path: {"path": "n.ipynb"}})
    (row,) = json.loads((tmp_path / "team.json").read_text())["notebooks"]
    assert row["stopped_at"] == "cell 1 failed: KeyError"
