"""What is typed: passages of the code cells of notebooks, drawn at random."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from jupyter_safecoder.errors import NotebookError
from jupyter_safecoder.evaluation.tasks import read_tasks, task_cells
from jupyter_safecoder.notebooks import read_cells
from jupyter_safecoder.protocol import Cell

#: Lines that are drawn together. Short, so that long cells do not push out all others; longer than
#: the completions of one cursor.
_CHUNK_LINES = 8


@dataclass(frozen=True)
class Notebook:
    """Cells with their outputs, and the kernel's language."""

    cells: tuple[Cell, ...]
    language: str


@dataclass(frozen=True)
class Passage:
    """Lines to type into a cell.

    Parameters
    ----------
    before
        The cells above, complete.
    language
        The kernel's language.
    prefix
        Text of the cell that is there already, with the indentation of the first line.
    text
        What is typed.
    """

    before: tuple[Cell, ...]
    language: str
    prefix: str
    text: str


@dataclass(order=True)
class _Chunk:
    """Lines ``start`` to ``stop`` of a cell; all are numbers."""

    notebook: int
    cell: int
    start: int
    stop: int


def read_notebooks(paths: Sequence[Path]) -> list[Notebook]:
    """Return notebooks, also those of infilling tasks (``.jsonl``), each once.

    Raises
    ------
    NotebookError
        If a file cannot be read, or is neither a notebook nor a file of tasks.
    """
    found: list[Notebook] = []
    for path in paths:
        if path.suffix == ".jsonl":
            found += (Notebook(tuple(task_cells(task)), "python") for task in read_tasks(path))
        else:
            cells, language = read_cells(path)
            found.append(Notebook(tuple(cells), language))
    return list(dict.fromkeys(found))


def draw_passages(notebooks: Sequence[Notebook], lines: int, seed: int) -> list[Passage]:
    """Return passages in the order of their notebooks, adjacent ones as one.

    Parameters
    ----------
    notebooks
        From :func:`read_notebooks`.
    lines
        Number of lines to draw; all if there are fewer.
    seed
        Seed of the choice.

    Raises
    ------
    NotebookError
        If there is no line to type.
    """
    chunks = [
        _Chunk(number, position, start, min(start + _CHUNK_LINES, len(written)))
        for number, notebook in enumerate(notebooks)
        for position, cell in enumerate(notebook.cells)
        if cell.type == "code" and (written := written_lines(cell))
        for start in range(0, len(written), _CHUNK_LINES)
    ]
    Random(seed).shuffle(chunks)  # noqa: S311
    chosen: list[_Chunk] = []
    for chunk in chunks:
        chunk.stop = min(chunk.stop, chunk.start + lines)
        lines -= chunk.stop - chunk.start
        if chunk.start < chunk.stop:
            chosen.append(chunk)
    if not chosen:
        raise NotebookError(
            "There is no line to type.", "Name notebooks with code, and a number of lines above 0."
        )
    return [_passage(notebooks[chunk.notebook], chunk) for chunk in _joined(sorted(chosen))]


def written_lines(cell: Cell) -> list[str]:
    """Return the lines that a typist writes: no white space at their ends, no blank margins."""
    source = "\n".join(line.rstrip() for line in cell.source.split("\n")).strip("\n")
    return source.split("\n") if source else []


def _joined(chunks: Sequence[_Chunk]) -> list[_Chunk]:
    joined: list[_Chunk] = []
    for chunk in chunks:
        last = joined[-1] if joined else None
        if last and (last.notebook, last.cell, last.stop) == (
            chunk.notebook,
            chunk.cell,
            chunk.start,
        ):
            last.stop = chunk.stop
        else:
            joined.append(chunk)
    return joined


def _passage(notebook: Notebook, chunk: _Chunk) -> Passage:
    lines = written_lines(notebook.cells[chunk.cell])
    above = "".join(f"{line}\n" for line in lines[: chunk.start])
    text = "\n".join(lines[chunk.start : chunk.stop])
    written = text.lstrip(" \t")
    indentation = text[: len(text) - len(written)]
    return Passage(notebook.cells[: chunk.cell], notebook.language, above + indentation, written)
