"""Notebooks and scripts become cells."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from jupyter_safecoder.errors import UnusableFile
from jupyter_safecoder.finetune.documents import EXCLUDED_TAG, read_document
from tests.support.team_notebooks import write_notebook


def test_a_notebook_keeps_the_indexes_of_its_cells(tmp_path: Path) -> None:
    path = write_notebook(tmp_path / "a.ipynb", "x = 1", "y = 2", "z = 3")
    data = json.loads(path.read_text())
    data["cells"][1]["metadata"]["tags"] = [EXCLUDED_TAG]
    path.write_text(json.dumps(data))
    document = read_document(path)
    assert [cell.source for cell in document.cells] == ["x = 1", "z = 3"]
    assert (document.numbers, document.excluded) == ((0, 2), 1)
    assert (document.language, document.notebook) == ("python", True)


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
