"""A cursor in a notebook file as a completion request."""

from __future__ import annotations

import json
import warnings
from dataclasses import asdict
from pathlib import Path
from typing import Any

from .protocol import Cell, CompletionRequest, Options


class CursorProblem(ValueError):
    """The file, or the place in it, cannot be completed; the message says why."""


def read_cells(path: Path) -> tuple[list[Cell], str]:
    """Return the cells of a notebook of any nbformat version, and its language.

    Raises
    ------
    CursorProblem
        If the file is not a notebook.
    """
    tagged, language = read_tagged_cells(path)
    return [cell for cell, _ in tagged], language


def read_tagged_cells(path: Path) -> tuple[list[tuple[Cell, frozenset[str]]], str]:
    """Return the cells of a notebook, each with its tags, and the notebook's language.

    Raises
    ------
    CursorProblem
        If the file is not a notebook.
    """
    import nbformat

    try:
        # Of a notebook of an old format each cell lacks what is new, and nbformat would say so.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            notebook = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
        cells = [
            (
                Cell(cell.cell_type, cell.source, _first_output(cell)),
                frozenset(map(str, cell.metadata.get("tags", ()))),
            )
            for cell in notebook.cells
        ]
        metadata = notebook.metadata
        language = metadata.get("language_info", {}).get("name") or metadata.get(
            "kernelspec", {}
        ).get("language", "python")
        return cells, str(language).lower()
    except FileNotFoundError:
        raise CursorProblem(f"There is no file {path}.") from None
    except OSError as error:
        raise CursorProblem(f"{path} cannot be read: {error.strerror}.") from error
    except (
        nbformat.reader.NotJSONError,
        nbformat.ValidationError,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        RecursionError,
    ):
        # nbformat lets through what only resembles a notebook: that shows when it is read.
        raise CursorProblem(f"{path} is not a Jupyter notebook.") from None


def request_at(
    cells: list[Cell], language: str, cell: int, line: int, column: int, options: Options
) -> CompletionRequest:
    """Return the request of a cursor; all positions count from 0, columns in characters.

    Raises
    ------
    CursorProblem
        If there is no such place, or the cell is not a code cell.
    """
    if not 0 <= cell < len(cells):
        raise CursorProblem(
            f"There is no cell {cell}: the notebook has {len(cells)} cells, counted from 0."
        )
    current = cells[cell]
    if current.type != "code":
        raise CursorProblem(f"Cell {cell} is a {current.type} cell: completions are for code.")
    lines = current.source.split("\n")
    if not 0 <= line < len(lines):
        raise CursorProblem(f"Cell {cell} has {len(lines)} lines, counted from 0: no line {line}.")
    if not 0 <= column <= len(lines[line]):
        raise CursorProblem(
            f"Line {line} of cell {cell} has {len(lines[line])} characters: no column {column}."
        )
    offset = sum(len(text) + 1 for text in lines[:line]) + column
    return CompletionRequest(
        prefix=current.source[:offset],
        suffix=current.source[offset:],
        before=tuple(cells[:cell]),
        after=tuple(cells[cell + 1 :]),
        language=language,
        trigger="invoke",
        options=options,
    )


def read_tasks(path: Path) -> list[dict[str, Any]]:
    """Return the infilling tasks of a JSON-lines file.

    Raises
    ------
    CursorProblem
        If the file cannot be read, or a line of it is no task.
    """
    try:
        # Not splitlines(): JSON strings may hold U+2028 and other ends of lines as they are.
        lines = path.read_text("utf-8").split("\n")
    except FileNotFoundError:
        raise CursorProblem(f"There is no file {path}.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise CursorProblem(f"{path} cannot be read as text ({type(error).__name__}).") from error
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
            raise CursorProblem(f"Line {number} of {path} is not an infilling task.") from None
    if not tasks:
        raise CursorProblem(f"{path} holds no task.")
    return tasks


def notebook_tasks(path: Path) -> list[dict[str, Any]]:
    """Return one task for each code cell of a notebook: its longest line, from the indentation on.

    Raises
    ------
    CursorProblem
        If the file is not a notebook, or has no code.
    """
    cells, _ = read_cells(path)
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
                "cells": [asdict(neighbour) for neighbour in cells],
                "cell_index": index,
                "prefix": cell.source[:start],
                "suffix": cell.source[start + len(expected) :],
                "expected": expected,
            }
        )
    if not tasks:
        raise CursorProblem(f"{path} has no code to type.")
    return tasks


def task_request(task: dict[str, Any], options: Options | None = None) -> CompletionRequest:
    """Return the request of an infilling task; its own cell is never part of the context."""
    cells = [Cell(c["type"], c["source"], c.get("output") or "") for c in task["cells"]]
    index = int(task["cell_index"])
    return CompletionRequest(
        prefix=task["prefix"],
        suffix=task["suffix"],
        before=tuple(cells[:index]),
        after=tuple(cells[index + 1 :]),
        trigger="invoke",
        options=options or Options(),
    )


def _first_output(cell: Any) -> str:
    for output in cell.get("outputs", ()):
        if output.output_type == "stream":
            return _text(output.text)
        text = output.get("data", {}).get("text/plain")
        if text:
            return _text(text)
    return ""


def _text(value: str | list[str]) -> str:
    return value if isinstance(value, str) else "".join(value)
