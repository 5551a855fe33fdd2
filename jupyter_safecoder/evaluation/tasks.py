"""Infilling tasks: a notebook, a cursor in it, and the line that is hidden."""

from __future__ import annotations

import json
import lzma
from dataclasses import asdict
from pathlib import Path
from typing import Any

from jupyter_safecoder.context import describe_files
from jupyter_safecoder.context.kernel.names import choose_names, mentioned_names
from jupyter_safecoder.errors import NotebookError
from jupyter_safecoder.notebooks import read_cells
from jupyter_safecoder.protocol import (
    Cell,
    CompletionOptions,
    CompletionRequest,
    Excerpt,
    KernelName,
)

#: The notebook that benchmarks type if no other is given.
SAMPLE = Path(__file__).with_name("sample.ipynb")


def read_tasks(path: Path) -> list[dict[str, Any]]:
    """Return the infilling tasks of a JSON-lines file, which may be compressed (``.xz``).

    Raises
    ------
    NotebookError
        If the file cannot be read, or a line of it is not a task.
    """
    try:
        # Not splitlines(): JSON strings may have U+2028 and other line separators in them.
        lines = _read_text(path).split("\n")
    except FileNotFoundError:
        raise NotebookError(f"There is no file {path}.") from None
    except (OSError, UnicodeDecodeError, lzma.LZMAError, EOFError) as error:
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


def _read_text(path: Path) -> str:
    if path.suffix != ".xz":
        return path.read_text("utf-8")
    with lzma.open(path, "rt", encoding="utf-8") as stream:
        return stream.read()


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

    What the task knows of the kernel (``kernel``, names as in the protocol; ``language``) and of
    other files (``files``, ``{path, source}`` relative to the notebook) is chosen as while a user
    types: by the lines that are complete, not by the one that is being written.
    """
    cells = task_cells(task)
    index = int(task["cell_index"])
    before, below = cells[:index], cells[index + 1 :]
    complete = f"{task['prefix'].rpartition(chr(10))[0]}\n{task['suffix']}"
    above = [cell.source for cell in before if cell.type == "code"]
    modules, files = describe_files(above, complete, task.get("files") or ())
    mentioned = mentioned_names(
        complete, above, [cell.source for cell in below if cell.type == "code"]
    )
    kernel = (KernelName.from_json(name) for name in task.get("kernel") or ())
    return CompletionRequest(
        prefix=task["prefix"],
        suffix=task["suffix"],
        before=tuple(before),
        below=tuple(below),
        language=str(task.get("language", "python")),
        kernel=tuple(choose_names(kernel, mentioned)),
        modules=tuple(Excerpt(one.path, one.text) for one in modules),
        files=tuple(Excerpt(one.path, one.text) for one in files),
        options=options or CompletionOptions(),
    )


def task_cells(task: dict[str, Any]) -> list[Cell]:
    """Return the cells of the notebook of an infilling task."""
    return [Cell(c["type"], c["source"], c.get("output") or "") for c in task["cells"]]
