"""Infilling tasks: a notebook, a cursor in it, and the line that is hidden."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from jupyter_safecoder.errors import NotebookError
from jupyter_safecoder.notebooks import read_cells
from jupyter_safecoder.protocol import Cell, CompletionOptions, CompletionRequest, KernelName

#: The notebook that benchmarks type if no other is given.
SAMPLE = Path(__file__).with_name("sample.ipynb")


def read_tasks(path: Path) -> list[dict[str, Any]]:
    """Return the infilling tasks of a JSON-lines file.

    Raises
    ------
    NotebookError
        If the file cannot be read, or a line of it is not a task.
    """
    try:
        # Not splitlines(): JSON strings may have U+2028 and other line separators in them.
        lines = path.read_text("utf-8").split("\n")
    except FileNotFoundError:
        raise NotebookError(f"There is no file {path}.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise NotebookError(f"{path} cannot be read as text ({type(error).__name__}).") from error
    tasks = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            task = json.loads(line)
            task_request(task)
            str(task["expected"])
            tasks.append(task)
        except (ValueError, KeyError, TypeError, AttributeError):
            raise NotebookError(f"Line {number} of {path} is not an infilling task.") from None
    if not tasks:
        raise NotebookError(f"{path} has no tasks.")
    return tasks


def notebook_tasks(path: Path) -> list[dict[str, Any]]:
    """Return a task for each code cell of a notebook: its longest line, without indentation.

    Raises
    ------
    NotebookError
        If the file cannot be read, is not a notebook, or has no code.
    """
    cells, language = read_cells(path)
    tasks = []
    for index, cell in enumerate(cells):
        line = max(cell.source.split("\n"), key=lambda text: len(text.strip()))
        if cell.type != "code" or not line.strip():
            continue
        expected = line.lstrip()
        start = cell.source.index(line) + len(line) - len(expected)
        tasks.append(
            {
                "id": f"{path.name}#{index}",
                "cells": [asdict(each) for each in cells],
                "cell_index": index,
                "language": language,
                "prefix": cell.source[:start],
                "suffix": cell.source[start + len(expected) :],
                "expected": expected,
            }
        )
    if not tasks:
        raise NotebookError(f"{path} has no code to type.")
    return tasks


def task_request(
    task: dict[str, Any], options: CompletionOptions | None = None
) -> CompletionRequest:
    """Return the request of an infilling task; its own cell is never part of the context.

    What the task knows of the kernel (``kernel``, names as in the protocol; ``language``) is in the
    request.
    """
    cells = task_cells(task)
    index = int(task["cell_index"])
    return CompletionRequest(
        prefix=task["prefix"],
        suffix=task["suffix"],
        before=tuple(cells[:index]),
        below=tuple(cells[index + 1 :]),
        language=str(task.get("language", "python")),
        kernel=tuple(KernelName.from_json(name) for name in task.get("kernel") or ()),
        options=options or CompletionOptions(),
    )


def task_cells(task: dict[str, Any]) -> list[Cell]:
    """Return the cells of the notebook of an infilling task."""
    return [Cell(c["type"], c["source"], c.get("output") or "") for c in task["cells"]]
