"""Notebook files, and cursors in them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from jupyter_safecoder.errors import NotebookError
from jupyter_safecoder.notebooks import read_cells, read_tagged_cells, request_at
from jupyter_safecoder.protocol import Cell, CompletionOptions
from tests.support.notebook_files import write_notebook

CELLS = [Cell("markdown", "# T"), Cell("code", "x = 1\nyé = "), Cell("raw", "r")]


def _with_outputs(path: Path, *outputs: dict[str, Any]) -> Path:
    write_notebook(path, ("code", "x"))
    notebook = json.loads(path.read_text())
    notebook["cells"][0]["outputs"] = list(outputs)
    path.write_text(json.dumps(notebook))
    return path


def test_cells_and_language(tmp_path: Path) -> None:
    path = write_notebook(
        tmp_path / "n.ipynb", ("markdown", "# T"), ("code", "x"), language_info={"name": "R"}
    )
    assert read_cells(path) == ([Cell("markdown", "# T"), Cell("code", "x")], "r")


@pytest.mark.parametrize(
    ("metadata", "language"),
    [({}, "python"), ({"kernelspec": {"name": "ir", "language": "R"}}, "r")],
)
def test_the_language_of_a_notebook_that_was_never_run(
    tmp_path: Path, metadata: dict[str, Any], language: str
) -> None:
    assert read_cells(write_notebook(tmp_path / "n.ipynb", **metadata))[1] == language


def test_the_first_text_output(tmp_path: Path) -> None:
    path = tmp_path / "n.ipynb"
    image = {"output_type": "display_data", "data": {"image/png": "x"}, "metadata": {}}
    text = {"output_type": "display_data", "data": {"text/plain": ["a", "b"]}, "metadata": {}}
    stream = {"output_type": "stream", "name": "stdout", "text": ["c\n", "d"]}
    assert read_cells(_with_outputs(path, image, text, stream))[0][0].output == "ab"
    assert read_cells(_with_outputs(path, stream, text))[0][0].output == "c\nd"
    assert read_cells(_with_outputs(path, image))[0][0].output == ""


def test_tags(tmp_path: Path) -> None:
    path = write_notebook(tmp_path / "n.ipynb", ("code", "x"))
    notebook = json.loads(path.read_text())
    notebook["cells"][0]["metadata"] = {"tags": ["a", "b"]}
    path.write_text(json.dumps(notebook))
    assert read_tagged_cells(path)[0] == [(Cell("code", "x"), frozenset({"a", "b"}))]


def test_a_single_tag_without_a_list(tmp_path: Path) -> None:
    """It excludes its cell from training like any other."""
    path = write_notebook(tmp_path / "n.ipynb", ("code", "x"))
    notebook = json.loads(path.read_text())
    notebook["cells"][0]["metadata"] = {"tags": "safecoder-ignore"}
    path.write_text(json.dumps(notebook))
    assert read_tagged_cells(path)[0] == [(Cell("code", "x"), frozenset({"safecoder-ignore"}))]


def _with_source(source: str) -> str:
    cell = f'{{"cell_type":"code","metadata":{{}},"outputs":[],"source":{source}}}'
    return f'{{"nbformat":4,"nbformat_minor":5,"metadata":{{}},"cells":[{cell}]}}'


@pytest.mark.parametrize(
    "content",
    [
        *("", "[]", "{}", '{"nbformat":4}', "[" * 100_000),
        *(_with_source(source) for source in ("5", "null", "[5]", "[null]")),
    ],
)
def test_what_is_not_a_notebook(
    tmp_path: Path, content: str, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "n.ipynb"
    path.write_text(content)
    with pytest.raises(NotebookError, match="not a Jupyter notebook"):
        read_cells(path)
    # Nothing of it is logged.
    assert caplog.records == []


@pytest.mark.parametrize("minor", ['"x"', "null", "[]"])
def test_a_minor_version_does_not_matter(tmp_path: Path, minor: str) -> None:
    path = tmp_path / "n.ipynb"
    path.write_text(f'{{"nbformat":4,"nbformat_minor":{minor},"metadata":{{}},"cells":[]}}')
    assert read_cells(path) == ([], "python")


def test_the_text_of_an_invalid_notebook_is_not_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "n.ipynb"
    path.write_text(_with_source('"secret = 1"'))  # without the execution count, which is required
    assert read_cells(path)[0] == [Cell("code", "secret = 1")]
    assert caplog.records == []


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(NotebookError, match="There is no file"):
        read_cells(tmp_path / "none.ipynb")
    with pytest.raises(NotebookError, match="cannot be read"):
        read_cells(tmp_path)


@pytest.mark.parametrize(
    ("line", "column", "prefix", "suffix"),
    [(0, 0, "", "x = 1\nyé = "), (0, 5, "x = 1", "\nyé = "), (1, 2, "x = 1\nyé", " = ")],
)
def test_the_request_of_a_cursor(line: int, column: int, prefix: str, suffix: str) -> None:
    options = CompletionOptions("psm")
    request = request_at(CELLS, "python", 1, line, column, options)
    assert (request.prefix, request.suffix) == (prefix, suffix)
    assert request.before == (CELLS[0],)
    assert (request.language, request.options) == ("python", options)


@pytest.mark.parametrize(
    ("cell", "line", "column", "reason"),
    [
        (3, 0, 0, "no cell 3"),
        (-1, 0, 0, "no cell -1"),
        (0, 0, 0, "markdown cell"),
        (1, 2, 0, "no line 2"),
        (1, 0, 6, "no column 6"),
    ],
)
def test_a_cursor_that_is_not_in_the_notebook(
    cell: int, line: int, column: int, reason: str
) -> None:
    with pytest.raises(NotebookError, match=reason):
        request_at(CELLS, "python", cell, line, column, CompletionOptions())
