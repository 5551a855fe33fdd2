"""``jupyter safecoder tasks make``: infilling tasks of notebooks."""

from __future__ import annotations

import argparse
import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .options import add_command
from .output import print_error, print_line, print_table, progress_bar

if TYPE_CHECKING:
    from jupyter_safecoder.evaluation.task_making.make import MadeTasks


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
    from jupyter_safecoder.evaluation.task_making.make import MakeOptions, make_tasks

    options = MakeOptions(arguments.execute, arguments.seed, arguments.per_notebook)
    notebooks = find_notebooks(arguments.notebooks)
    made: list[MadeTasks] = []
    with progress_bar("Making tasks", len(notebooks)) as advance:
        for number, notebook in enumerate(notebooks, 1):
            made.append(make_tasks(notebook, options))
            if arguments.json:
                for task in made[-1].tasks:
                    print_line(json.dumps(task))
            advance(number)
    for one in made:
        if one.failure and arguments.json:
            print_error(f"{one.path}: {one.failure}; {len(one.tasks)} tasks of it.")
    if not arguments.json:
        print_table([_row(one) for one in made])
        print_line(f"tasks: {sum(len(one.tasks) for one in made)}")
    return 0


def _row(made: MadeTasks) -> dict[str, Any]:
    uses = Counter(use for task in made.tasks for use in task["uses"])
    return {
        "notebook": str(made.path),
        "cells": made.cells,
        "executed": made.executed,
        "tasks": len(made.tasks),
        "column": uses["column"],
        "local_function": uses["local_function"],
        "kernel_name": uses["kernel_name"],
        "stopped at": made.failure,
    }
