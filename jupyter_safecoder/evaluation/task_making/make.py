"""Makes the infilling tasks of notebooks, with what a kernel knows at each cursor."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any

from jupyter_safecoder.errors import NotebookError
from jupyter_safecoder.notebooks import read_cells
from jupyter_safecoder.protocol import Cell

from .choice import choose, rank
from .cutting import Cut, cut_lines
from .folder import documents_of, exclusion, kernel_name, read_modules
from .kernel_names import all_names, names_at_cursor
from .local_names import LocalNames, local_names
from .scratch_kernel import MAX_OUTPUT_CHARACTERS, ScratchKernel, scratch_kernel
from .uses import Use, find_uses

#: Maximum characters of the cells above and below that a task keeps: what a prompt can hold.
_MAX_ABOVE, _MAX_BELOW = 12_000, 4_000
_FAILURES = {"timeout": "takes too long", "died": "ended the kernel"}
#: Lines of a cell whose names are described, those that use most.
_LINES_OF_A_CELL = 4


@dataclass(frozen=True)
class MakeOptions:
    """How tasks are made.

    Parameters
    ----------
    execute
        Whether the cells are executed.
    seed
        Seed of the choice of lines and columns.
    per_notebook
        Maximum number of tasks of a notebook.
    cell_s, notebook_s
        Maximum seconds of a cell, and of all cells of a notebook.
    """

    execute: bool = False
    seed: int = 0
    per_notebook: int = 4
    cell_s: float = 60.0
    notebook_s: float = 300.0


@dataclass(frozen=True)
class MadeTasks:
    """The tasks of a notebook.

    Parameters
    ----------
    path
        The notebook.
    tasks
        As :func:`jupyter_safecoder.evaluation.tasks.read_tasks` reads them, with ``uses``,
        ``files`` and, of an executed notebook, ``kernel``.
    cells, executed
        Number of its code cells, and of those that were executed to their end.
    failure
        Empty, or why the others were not: of these there are no tasks.
    """

    path: Path
    tasks: tuple[dict[str, Any], ...]
    cells: int
    executed: int
    failure: str


@dataclass(frozen=True)
class _Candidate:
    cell: int
    cut: Cut
    uses: list[Use]
    kernel: list[dict[str, Any]] | None


def count_cells(notebook: Path) -> int:
    """Return the number of code cells of a notebook; 0 if it cannot be read."""
    try:
        cells, _ = read_cells(notebook)
    except NotebookError:
        return 0
    return sum(cell.type == "code" for cell in cells)


def make_tasks(
    notebook: Path, options: MakeOptions, progress: Callable[[int], None] = lambda done: None
) -> MadeTasks:
    """Return the tasks of a notebook.

    Parameters
    ----------
    notebook
        A Python notebook.
    options
        How tasks are made.
    progress
        Called with the number of code cells that are done.

    Raises
    ------
    NotebookError
        If the notebook cannot be read, or no kernel can be started.
    """
    if (excluded := exclusion(notebook)) is not None:
        return MadeTasks(notebook, (), 0, 0, excluded.reason.rstrip("."))
    cells, language = read_cells(notebook)
    code = [index for index, cell in enumerate(cells) if cell.type == "code"]
    if language and "python" not in language:
        return MadeTasks(notebook, (), len(code), 0, "it is not in Python")
    modules = read_modules(notebook.resolve().parent)
    local = local_names([cells[index].source for index in code], modules)
    notebook_cells = _NotebookCells(cells, local, Random(f"{options.seed}/{notebook.name}"))  # noqa: S311
    failure = ""
    with ExitStack() as stack:
        kernel: ScratchKernel | None = None
        if options.execute and code:
            kernel = stack.enter_context(scratch_kernel(notebook, kernel_name(notebook)))
        end = time.monotonic() + options.notebook_s
        done = 0
        for index in code:
            notebook_cells.add_candidates(index, kernel)
            if kernel is not None:
                seconds = min(options.cell_s, end - time.monotonic())
                failure = notebook_cells.execute(index, kernel, seconds)
            if failure:
                break
            done += 1
            progress(done)
    documents = documents_of(notebook, modules, local.paths)
    tasks = notebook_cells.tasks(notebook, options.per_notebook, documents)
    return MadeTasks(notebook, tuple(tasks), len(code), done if options.execute else 0, failure)


class _NotebookCells:
    """The cells of a notebook while they are executed, and the lines that may become tasks."""

    def __init__(self, cells: Sequence[Cell], local: LocalNames, random: Random) -> None:
        self._cells = list(cells)
        self._outputs = {
            index: cell.output[:MAX_OUTPUT_CHARACTERS] for index, cell in enumerate(cells)
        }
        self._local = local
        self._random = random
        self._candidates: list[_Candidate] = []

    def add_candidates(self, index: int, kernel: ScratchKernel | None) -> None:
        """Cut the lines of a cell that is executed next, and keep those that use most."""
        source = self._cells[index].source
        cuts = cut_lines(source, self._random)
        if not cuts:
            return
        known = all_names(kernel, source) if kernel else []
        found = [_Candidate(index, cut, find_uses(cut, known, self._local), None) for cut in cuts]
        self._random.shuffle(found)
        found.sort(key=lambda one: rank(one.uses))
        for one in sorted(found[:_LINES_OF_A_CELL], key=lambda one: one.cut.line):
            if kernel is not None:
                above, below = self._code(0, index), self._code(index + 1, len(self._cells))
                known = names_at_cursor(kernel, one.cut.prefix, one.cut.suffix, above, below)
                one = replace(one, kernel=known)
            self._candidates.append(one)

    def execute(self, index: int, kernel: ScratchKernel, seconds: float) -> str:
        """Execute a cell and keep its output; return why it failed, or an empty text."""
        if seconds > 0:
            done = kernel.execute(self._cells[index].source, seconds)
            self._outputs[index] = done.output
            if not done.failure:
                return ""
            failure = f"cell {index} " + _FAILURES.get(done.failure, f"failed: {done.failure}")
        else:
            failure = "the notebook takes too long"
        # Its lines are no examples of what works.
        self._candidates = [one for one in self._candidates if one.cell != index]
        return failure

    def tasks(
        self, notebook: Path, number: int, documents: list[dict[str, str]]
    ) -> list[dict[str, Any]]:
        """Return the tasks of the lines that are chosen."""
        chosen = choose(
            self._candidates,
            number,
            self._random,
            lambda one: one.uses,
            lambda one: one.cell,
        )
        return [self._task(one, notebook, documents) for one in chosen]

    def _task(
        self, one: _Candidate, notebook: Path, documents: list[dict[str, str]]
    ) -> dict[str, Any]:
        first, last = self._nearest(one.cell)
        cells: list[dict[str, str]] = []
        for index in range(first, last + 1):
            cell = self._cells[index]
            kept = {"type": cell.type, "source": cell.source}
            if index < one.cell and self._outputs[index]:
                kept["output"] = self._outputs[index]
            cells.append(kept)
        task: dict[str, Any] = {
            "id": f"{notebook.parent.name}/{notebook.name}#{one.cell}:{one.cut.line}",
            "cells": cells,
            "cell_index": one.cell - first,
            "prefix": one.cut.prefix,
            "suffix": one.cut.suffix,
            "expected": one.cut.expected,
            "uses": one.uses,
            "files": documents,
        }
        if one.kernel is not None:
            task["kernel"] = one.kernel
        return task

    def _nearest(self, index: int) -> tuple[int, int]:
        """Return the first and the last cell of a task."""
        first = last = index
        left = _MAX_ABOVE
        while first > 0 and (left := left - len(self._cells[first - 1].source)) >= 0:
            first -= 1
        left = _MAX_BELOW
        while (
            last + 1 < len(self._cells) and (left := left - len(self._cells[last + 1].source)) >= 0
        ):
            last += 1
        return first, last

    def _code(self, first: int, end: int) -> list[str]:
        """Return the sources of the code cells from one on, up to another."""
        return [cell.source for cell in self._cells[first:end] if cell.type == "code"]
