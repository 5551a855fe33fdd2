"""``jupyter safecoder tasks make``: infilling tasks of notebooks."""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_safecoder.errors import NotebookError
from jupyter_safecoder.evaluation.task_making.uses import USES

from .options import add_command
from .output import print_error, print_line, print_table, progress_bar

if TYPE_CHECKING:
    from jupyter_safecoder.evaluation.task_making.make import MadeTasks, MakeOptions


def add_tasks_commands(commands: Any) -> None:
    """Add ``tasks make``."""
    tasks = commands.add_parser("tasks", help="make infilling tasks").add_subparsers(
        title="tasks", required=True, metavar="COMMAND"
    )
    make = add_command(
        tasks, "make", _make, "make infilling tasks of your notebooks", json_output=False
    )
    make.add_argument(
        "notebooks", type=Path, nargs="+", metavar="NOTEBOOK", help="notebooks, or folders of them"
    )
    make.add_argument(
        "--execute",
        action="store_true",
        help="execute the notebooks in copies of their folders, offline, and store in each task "
        "what the kernel knows at the cursor",
    )
    make.add_argument(
        "--per-notebook",
        type=int,
        default=4,
        metavar="NUMBER",
        help="maximum number of tasks of a notebook (default: 4)",
    )
    make.add_argument(
        "--seed", type=int, default=0, help="seed of the choice of lines and columns (default: 0)"
    )
    make.add_argument("--json", action="store_true", help="print one JSON object for each task")


def _make(arguments: argparse.Namespace) -> int:
    from jupyter_safecoder.evaluation.task_making.folder import find_notebooks
    from jupyter_safecoder.evaluation.task_making.make import MakeOptions, count_cells

    options = MakeOptions(arguments.execute, arguments.seed, arguments.per_notebook)
    notebooks = find_notebooks(arguments.notebooks)
    cells = {notebook: count_cells(notebook) for notebook in notebooks}
    made: list[MadeTasks] = []
    before = 0
    with progress_bar("Making tasks", sum(cells.values())) as advance:
        for notebook, number in cells.items():
            made.append(_make_one(notebook, options, partial(_advance, advance, before)))
            before += number
            advance(before)
            if arguments.json:
                for task in made[-1].tasks:
                    print_line(json.dumps(task))
    if arguments.json:
        for one in made:
            if one.failure:
                print_error(f"{one.path}: {one.failure}. Tasks of it: {len(one.tasks)}.")
    else:
        print_table([_row(one) for one in made])
        print_line(f"tasks: {sum(len(one.tasks) for one in made)}")
    return 0 if any(one.tasks for one in made) else 1


def _make_one(notebook: Path, options: MakeOptions, progress: Callable[[int], None]) -> MadeTasks:
    """Return the tasks of a notebook; one that cannot be read or executed has a failure alone."""
    from jupyter_safecoder.evaluation.task_making.make import MadeTasks, make_tasks

    try:
        return make_tasks(notebook, options, progress)
    except NotebookError as error:
        return MadeTasks(notebook, (), 0, 0, error.reason.rstrip("."))


def _advance(advance: Callable[[int], None], before: int, done: int) -> None:
    advance(before + done)


def _row(made: MadeTasks) -> dict[str, Any]:
    uses = Counter(use for task in made.tasks for use in task["uses"])
    return {
        "notebook": str(made.path),
        "cells": made.cells,
        "executed": made.executed,
        "tasks": len(made.tasks),
        "uses": ", ".join(f"{uses[use]} {use}" for use in USES if uses[use]),
        "failure": made.failure,
    }
