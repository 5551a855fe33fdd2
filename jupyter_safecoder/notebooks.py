"""Reads notebook files, and makes a completion request of a cursor in one."""

from __future__ import annotations

import json
import logging
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from jupyter_safecoder.errors import NotebookError
from jupyter_safecoder.languages import notebook_language

from .outputs import useful_output
from .protocol import Cell, CellType, CompletionOptions, CompletionRequest

#: Tag of a cell that is neither completed, nor context of other cells, nor learned.
OFF_TAG = "safecoder-off"


def read_cells(path: Path) -> tuple[list[Cell], str]:
    """Return the cells of a notebook of any nbformat version, and its language.

    The output of a cell is the most informative one, see :mod:`.outputs`.

    Raises
    ------
    NotebookError
        If the file cannot be read, or is not a notebook.
    """
    tagged, language = read_tagged_cells(path)
    return [cell for cell, _ in tagged], language


def read_tagged_cells(path: Path) -> tuple[list[tuple[Cell, frozenset[str]]], str]:
    """Return the cells of a notebook, each with its tags, and the notebook's language.

    All cells have the tag :data:`OFF_TAG` if the notebook's metadata have ``"safecoder": "off"``.

    Raises
    ------
    NotebookError
        If the file cannot be read, or is not a notebook.
    """
    with _reported(path):
        notebook = _read_notebook(path.read_text("utf-8"))
        metadata = notebook.metadata
        _check_objects(metadata, "language_info", "kernelspec")
        all_tags = [OFF_TAG] if _is_off(metadata.get("safecoder")) else []
        cells = [
            (
                Cell(_cell_type(cell.cell_type), _text(cell.source), _output(cell)),
                _tags(cell.metadata.get("tags", ())).union(all_tags),
            )
            for cell in notebook.cells
        ]
        return cells, _text(notebook_language(metadata))


def read_cells_with_outputs(path: Path) -> list[Cell]:
    """Return the cells of a notebook, each with the text of all its outputs.

    The text of an output starts on a line of its own. Streams, plain text and tracebacks are first,
    in the order of the outputs; HTML, Markdown and other text that stands for the same follows.

    Raises
    ------
    NotebookError
        If the file cannot be read, or is not a notebook.
    """
    with _reported(path):
        return [
            Cell(_cell_type(cell.cell_type), _text(cell.source), _all_outputs(cell))
            for cell in _read_notebook(path.read_text("utf-8")).cells
        ]


@contextmanager
def _reported(path: Path) -> Iterator[None]:
    """Report any error of reading a notebook as a :class:`NotebookError`."""
    try:
        yield
    except FileNotFoundError:
        raise NotebookError(f"There is no file {path}.") from None
    except OSError as error:
        raise NotebookError(f"{path} cannot be read: {error.strerror}.") from error
    # nbformat accepts some files that are not notebooks; the code above then fails on them.
    except Exception:  # noqa: BLE001
        raise NotebookError(f"{path} is not a Jupyter notebook.") from None


def _read_notebook(text: str) -> Any:
    """Return a notebook in version 4 of its format; it is not validated, and nothing is logged."""
    import nbformat
    from traitlets.log import get_logger

    notebook = nbformat.reader.reads(text)
    # Not nbformat.read(), whose validation logs the text of what is invalid; conversion does too.
    if notebook.nbformat == 4:
        return notebook
    log: Any = get_logger()
    log = getattr(log, "logger", log)  # an adapter has no filters
    log.addFilter(_is_not_of_nbformat)
    try:
        return nbformat.convert(notebook, 4)
    finally:
        log.removeFilter(_is_not_of_nbformat)


def _is_not_of_nbformat(record: logging.LogRecord) -> bool:
    return "nbformat" not in Path(record.pathname).parts


def request_at(
    cells: list[Cell],
    language: str,
    cell: int,
    line: int,
    column: int,
    options: CompletionOptions,
    off: Collection[int] = (),
) -> CompletionRequest:
    """Return the completion request of a cursor in a notebook.

    Parameters
    ----------
    cells, language
        From :func:`read_cells`.
    cell, line, column
        Position of the cursor, counted from 0; the column in characters.
    options
        Options of the completion.
    off
        Numbers of the cells that are context of no other.

    Raises
    ------
    NotebookError
        If there is no such position, or the cell is not a code cell.
    """
    if not 0 <= cell < len(cells):
        raise NotebookError(
            f"There is no cell {cell}: the notebook has {len(cells)} cells, counted from 0."
        )
    current = cells[cell]
    if current.type != "code":
        raise NotebookError(f"Cell {cell} is a {current.type} cell: completions are for code.")
    lines = current.source.split("\n")
    if not 0 <= line < len(lines):
        raise NotebookError(f"Cell {cell} has {len(lines)} lines, counted from 0: no line {line}.")
    if not 0 <= column <= len(lines[line]):
        raise NotebookError(
            f"Line {line} of cell {cell} has {len(lines[line])} characters: no column {column}."
        )
    offset = sum(len(text) + 1 for text in lines[:line]) + column
    return CompletionRequest(
        prefix=current.source[:offset],
        suffix=current.source[offset:],
        before=tuple(one for number, one in enumerate(cells[:cell]) if number not in off),
        language=language,
        options=options,
    )


def _check_objects(metadata: Mapping[str, Any], *names: str) -> None:
    """Check that metadata of these names, where there are any, are JSON objects."""
    for name in names:
        if not isinstance(metadata.get(name, {}), Mapping):
            raise TypeError(f"{name} is not an object")


def _output(cell: Any) -> str:
    outputs = cell.get("outputs", ())
    for output in outputs:
        if not output.get("output_type"):
            raise ValueError("an output has no type")
    return _text(useful_output(outputs))


def _all_outputs(cell: Any) -> str:
    plain: list[str] = []
    others: list[str] = []
    for output in cell.get("outputs", ()):
        if output.output_type == "stream":
            plain.append(_text(output.text))
        elif output.output_type == "error":
            plain += [_text(str(line)) for line in output.get("traceback", ())]
        for kind, data in sorted(output.get("data", {}).items()):
            if kind.startswith("text/") or kind.endswith(("json", "xml", "javascript")):
                text = data if isinstance(data, (str, list)) else json.dumps(data)
                (plain if kind == "text/plain" else others).append(_text(text))
    return "\n".join(text.removesuffix("\n") for text in [*plain, *others])


def _is_off(value: Any) -> bool:
    """Return whether metadata switch completions off; ``off`` in YAML becomes false."""
    return value is False or (isinstance(value, str) and value.lower() == "off")


def _tags(value: str | list[str]) -> frozenset[str]:
    """Return the tags of a cell: a single one may be written without a list."""
    return frozenset([value] if isinstance(value, str) else map(str, value))


def _cell_type(value: str) -> CellType:
    """Return a type of cells; of another type, as later versions may have, nothing is known."""
    if value == "code":
        return "code"
    return "markdown" if value == "markdown" else "raw"


def _text(value: str | list[str]) -> str:
    """Return a text that may be divided into lines, lone surrogates replaced: it is encodable."""
    text = value if isinstance(value, str) else "".join(value)
    if text.isascii():
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
