"""Notebooks and scripts become cells, documents become JSON."""

from __future__ import annotations

import json
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from jupyter_safecoder.errors import InvalidInput, UnusableFile
from jupyter_safecoder.finetune.corpus.corpus import build_corpus
from jupyter_safecoder.finetune.corpus.sources import find_sources
from jupyter_safecoder.finetune.documents import (
    DOCUMENTS_FILE,
    EXCLUDED_TAG,
    Document,
    read_document,
    read_documents_file,
    write_documents_file,
)
from jupyter_safecoder.notebooks import OFF_TAG
from jupyter_safecoder.protocol import Cell
from tests.support.team_notebooks import write_notebook

DOCUMENT = Document("a.ipynb", (Cell("code", "x = 1\n", "1"),), (0,), "python", notebook=True)


@pytest.mark.parametrize("tag", [EXCLUDED_TAG, OFF_TAG])
def test_a_notebook_keeps_the_indexes_of_its_cells(tag: str, tmp_path: Path) -> None:
    path = write_notebook(tmp_path / "a.ipynb", "x = 1", "y = 2", "z = 3")
    data = json.loads(path.read_text())
    data["cells"][1]["metadata"]["tags"] = [tag]
    path.write_text(json.dumps(data))
    document = read_document(path)
    assert [cell.source for cell in document.cells] == ["x = 1", "z = 3"]
    assert (document.numbers, document.excluded) == ((0, 2), 1)
    assert (document.language, document.notebook) == ("python", True)


def test_a_notebook_that_is_off_is_left_out(tmp_path: Path) -> None:
    path = write_notebook(tmp_path / "a.ipynb", "x = 1", "y = 2")
    data = json.loads(path.read_text())
    data["metadata"]["safecoder"] = "off"
    path.write_text(json.dumps(data))
    document = read_document(path)
    assert (document.cells, document.excluded) == ((), 2)


def test_long_outputs_are_cut(tmp_path: Path) -> None:
    path = write_notebook(tmp_path / "a.ipynb", "print(1)")
    data = json.loads(path.read_text())
    data["cells"][0]["outputs"] = [
        {"output_type": "stream", "name": "stdout", "text": "x" * 10_000}
    ]
    path.write_text(json.dumps(data))
    assert len(read_document(path).cells[0].output) <= 4000


def test_percent_cells(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_text("import os\n# %% [markdown]\n# Words\n# more\n# %% Title\nx = 1\n# %%\n")
    document = read_document(path)
    assert [(cell.type, cell.source) for cell in document.cells] == [
        ("code", "import os"),
        ("markdown", "Words\nmore"),
        ("code", "x = 1"),
    ]
    assert not document.notebook


def test_a_script_is_cut_between_statements(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    function = "def f():\n" + "    x = 1\n" * 20
    path.write_text(function + "# of g\n@decorated\n" + function.replace("f()", "g()"))
    first, second = read_document(path).cells
    assert first.source.startswith("def f")
    assert second.source.startswith("# of g\n@decorated\ndef g")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.ipynb", b"{"),
        ("a.ipynb", b"[1]"),
        ("a.py", b"print 'two'"),
        ("a.py", b"\xff\xfe"),
        ("a.py", b"x = 1\x00"),
    ],
)
def test_files_that_cannot_be_used(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UnusableFile) as raised:
        read_document(tmp_path / name)
    assert raised.value.reason


def test_a_document_survives_json_without_its_path_and_excluded_cells(tmp_path: Path) -> None:
    excluded = new_code_cell("secret", metadata={"tags": ["safecoder-ignore"]})
    shown = new_code_cell("x", outputs=[new_output("stream", text="1")])
    cells = [excluded, new_markdown_cell("# Ünïcode"), shown]
    nbformat.write(new_notebook(cells=cells), tmp_path / "team.ipynb")
    document = read_document(tmp_path / "team.ipynb")
    text = json.dumps(document.to_json())
    assert "team.ipynb" not in text
    assert "secret" not in text
    again = Document.from_json(json.loads(text), "documents.json#0")
    assert again.cells == document.cells
    assert (again.language, again.notebook) == (document.language, True)
    assert (again.path, again.numbers) == ("documents.json#0", (0, 1))


@pytest.mark.parametrize(
    "change",
    [
        {"cells": [{"type": "code", "source": 3, "output": ""}]},
        {"cells": [{"type": "picture", "source": "", "output": ""}]},
        {"cells": [{"type": "code", "source": ""}]},
        {"cells": None},
        {"notebook": "yes"},
        {"path": "/etc/passwd"},
    ],
)
def test_what_is_not_a_document_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(InvalidInput):
        Document.from_json({**DOCUMENT.to_json(), **change}, "x")


def test_outputs_are_cut_as_when_a_notebook_is_read() -> None:
    data = {**DOCUMENT.to_json(), "cells": [{"type": "code", "source": "x", "output": "1" * 9000}]}
    assert len(Document.from_json(data, "x").cells[0].output) == 4000


def test_lone_surrogates_are_replaced() -> None:
    data = json.loads(
        '{"language": "", "notebook": true,'
        ' "cells": [{"type": "code", "source": "a\\ud800", "output": ""}]}'
    )
    assert Document.from_json(data, "x").cells[0].source == "a?"


def test_a_file_of_documents_is_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / DOCUMENTS_FILE
    write_documents_file(path, [DOCUMENT, DOCUMENT])
    assert path.stat().st_mode & 0o077 == 0
    first, second = read_documents_file(path)
    assert first.cells == second.cells == DOCUMENT.cells
    assert first.path != second.path


@pytest.mark.parametrize("content", ["", "{}", "[1]", "[" * 100_000, '[{"cells": []}]'])
def test_a_file_that_holds_no_documents_is_unusable(tmp_path: Path, content: str) -> None:
    path = tmp_path / DOCUMENTS_FILE
    path.write_text(content)
    with pytest.raises(UnusableFile, match="not a file of documents"):
        read_documents_file(path)


def test_a_corpus_is_built_of_a_documents_file_only_where_it_is_named(tmp_path: Path) -> None:
    code = "\n".join(f"value_{number} = compute({number})" for number in range(30))
    documents = [
        Document("", (Cell("code", f"import module_{n}\n{code}"),), (0,), "python", notebook=False)
        for n in range(2)
    ]
    write_documents_file(tmp_path / DOCUMENTS_FILE, documents)
    assert find_sources([tmp_path]) == ([], [])
    corpus = build_corpus([tmp_path / DOCUMENTS_FILE])
    paths = {document.path for document in (*corpus.train, *corpus.held_out)}
    paths |= {left_out.path for left_out in corpus.left_out}
    assert paths == {f"{tmp_path / DOCUMENTS_FILE}#{number}" for number in range(2)}
