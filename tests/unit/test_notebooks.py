"""Notebook files, and cursors in them."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jupyter_safecoder.errors import NotebookError
from jupyter_safecoder.notebooks import OFF_TAG, read_cells, read_tagged_cells, request_at
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


def test_the_output_that_tells_most(tmp_path: Path) -> None:
    path = tmp_path / "n.ipynb"
    image = {"output_type": "display_data", "data": {"image/png": "x"}, "metadata": {}}
    text = {"output_type": "display_data", "data": {"text/plain": ["a", "b"]}, "metadata": {}}
    stream = {"output_type": "stream", "name": "stdout", "text": ["c\n", "d"]}
    assert read_cells(_with_outputs(path, image, text, stream))[0][0].output == "ab"
    assert read_cells(_with_outputs(path, stream, text))[0][0].output == "c\nd"
    assert read_cells(_with_outputs(path, image))[0][0].output == ""
    progress = {"output_type": "stream", "name": "stderr", "text": [" 5%|# |\r", "\x1b[1m9%|##|"]}
    assert read_cells(_with_outputs(path, progress, text))[0][0].output == "ab"
    assert read_cells(_with_outputs(path, progress))[0][0].output == "9%|##|"


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


#: With every kind of cell, output and metadata.
_VERSION_4: dict[str, Any] = {
    "nbformat": 4,
    "nbformat_minor": 5,
    "metadata": {
        "language_info": {"name": "python"},
        "kernelspec": {"name": "python3", "language": "python"},
    },
    "cells": [
        {
            "cell_type": "markdown",
            "id": "a",
            "metadata": {"tags": ["x"]},
            "source": ["# T\n", "text"],
            "attachments": {"a.png": {"image/png": "eA=="}},
        },
        {
            "cell_type": "code",
            "id": "b",
            "metadata": {"tags": []},
            "execution_count": 1,
            "source": "secret_source = 1",
            "outputs": [
                {"output_type": "display_data", "data": {"image/png": "eA=="}, "metadata": {}},
                {"output_type": "error", "ename": "E", "evalue": "secret", "traceback": ["t"]},
                {"output_type": "stream", "name": "stdout", "text": ["secret_output"]},
            ],
        },
        {
            "cell_type": "code",
            "id": "c",
            "metadata": {},
            "execution_count": 2,
            "source": ["x"],
            "outputs": [
                {
                    "output_type": "execute_result",
                    "execution_count": 2,
                    "data": {"text/plain": ["1"]},
                    "metadata": {},
                }
            ],
        },
    ],
}
_VERSION_3: dict[str, Any] = {
    "nbformat": 3,
    "nbformat_minor": 0,
    "metadata": {"name": "secret_name"},
    "worksheets": [
        {
            "metadata": {},
            "cells": [
                {
                    "cell_type": "code",
                    "collapsed": False,
                    "input": ["secret_source = 1"],
                    "language": "python",
                    "metadata": {},
                    "outputs": [
                        {"output_type": "stream", "stream": "stdout", "text": ["secret_output"]},
                        {"output_type": "pyout", "prompt_number": 1, "text": ["1"], "metadata": {}},
                    ],
                    "prompt_number": 1,
                },
                {"cell_type": "heading", "level": 1, "metadata": {}, "source": ["T"]},
            ],
        }
    ],
}
#: Deeper than Python's parser of JSON goes.
_DEEP = "DEEP"
_HOSTILE: list[Any] = [
    *(None, True, 0, -1, 5, 2**70, 1.5, math.nan, math.inf, "", "x", "\0", "\ud800", "\u202e" * 9),
    *([], {}, [None], [5], [[]], [{}], ["\udfff"], {"x": 5}, {"tags": 5}, {"": ""}, _DEEP),
]


def _nodes(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of each value in JSON data."""
    yield path
    if isinstance(node, (dict, list)):
        for key, value in node.items() if isinstance(node, dict) else enumerate(node):
            yield from _nodes(value, (*path, key))


def _with(notebook: dict[str, Any], path: tuple[Any, ...], value: Any) -> Any:
    """Return a notebook with another value at a path; ``...`` removes it."""
    if not path:
        return {} if value is ... else value
    changed = json.loads(json.dumps(notebook))
    node = changed
    for key in path[:-1]:
        node = node[key]
    if value is ...:
        del node[path[-1]]
    else:
        node[path[-1]] = value
    return changed


@pytest.mark.parametrize("notebook", [_VERSION_4, _VERSION_3], ids=["4", "3"])
def test_no_value_of_a_notebook_is_trusted(
    tmp_path: Path, notebook: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    """Each is replaced by any other: the file is named, or its cells have texts; none is logged."""
    file = tmp_path / "hostile.ipynb"
    read = 0
    paths = [*_nodes(notebook)]
    for path, value in itertools.product(paths, [..., *_HOSTILE]):
        text = json.dumps(_with(notebook, path, value))
        file.write_text(text.replace(f'"{_DEEP}"', "[" * 5000 + "]" * 5000))
        try:
            cells, language = read_tagged_cells(file)
        except NotebookError as error:
            assert error.reason == f"{file} is not a Jupyter notebook."  # noqa: PT017
            continue
        read += 1
        for cell, tags in cells:
            assert cell.type in ("code", "markdown", "raw")
            assert all(isinstance(text, str) for text in (cell.source, cell.output, *tags))
            (cell.source + cell.output).encode()
        assert len(language.encode()) <= 256
    assert 0 < read < len(paths) * len(_HOSTILE)
    assert caplog.records == []


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "utf-8-sig", "utf-7"])
def test_encodings(tmp_path: Path, encoding: str) -> None:
    """JSON is UTF-8 without a mark; a file in another encoding is named, or is the same bytes."""
    path = tmp_path / "n.ipynb"
    path.write_bytes(json.dumps(_VERSION_4).encode(encoding))
    try:
        assert len(read_cells(path)[0]) == 3
        assert encoding == "utf-7"
    except NotebookError as error:
        assert str(path) in error.reason  # noqa: PT017


@pytest.mark.parametrize(
    "source",
    ['"' + "x" * 50_000_000 + '"', '"' + "\\u0000" * 1_000_000 + '"', "9" * 5000, '"\0"', "NaN"],
    ids=["line", "zeros", "number", "zero", "nan"],
)
def test_large_and_strange_values(tmp_path: Path, source: str) -> None:
    path = tmp_path / "n.ipynb"
    path.write_text(_with_source(source))
    try:
        ((cell,), _) = read_cells(path)
        assert len(cell.source) >= 10**6
    except NotebookError as error:
        assert str(path) in error.reason  # noqa: PT017


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


@pytest.mark.parametrize(
    ("value", "is_off"),
    [
        *(("off", True), ("OFF", True), (False, True), ("on", False), ("", False), (None, False)),
        *((True, False), (0, False), ([], False), ({"off": True}, False)),
    ],
)
def test_metadata_switch_a_notebook_off(value: object, is_off: bool, tmp_path: Path) -> None:
    path = write_notebook(tmp_path / "n.ipynb", ("code", "x"), ("code", "y"))
    notebook = json.loads(path.read_text())
    notebook["metadata"]["safecoder"] = value
    path.write_text(json.dumps(notebook))
    assert [OFF_TAG in tags for _, tags in read_tagged_cells(path)[0]] == [is_off] * 2


def test_cells_that_are_off_are_context_of_no_other() -> None:
    cells = [Cell("code", name) for name in "abcd"]
    request = request_at(cells, "python", 3, 0, 1, CompletionOptions(), off={1, 3})
    assert [cell.source for cell in request.before] == ["a", "c"]
