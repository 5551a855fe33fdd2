"""What of a user's files goes to the service."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from jupyter_safecoder.errors import FinetuneError
from jupyter_safecoder.hub.training.collect import collect_documents, document_paths


def write_notebook(path: Path) -> None:
    image = new_output("display_data", {"image/png": "iVBORw0KGgo="})
    cells = [
        new_code_cell("a = 1", outputs=[new_output("stream", text="one"), image]),
        new_code_cell("secret", metadata={"tags": ["safecoder-ignore"]}),
    ]
    metadata = {"language_info": {"name": "python"}, "title": "private"}
    nbformat.write(new_notebook(cells=cells, metadata=metadata), path)


def test_cells_and_text_outputs_are_collected_and_nothing_else(tmp_path: Path) -> None:
    write_notebook(tmp_path / "a.ipynb")
    (tmp_path / "b.py").write_text("def f():\n    return 1\n")
    (tmp_path / "broken.ipynb").write_text("{")
    (tmp_path / "data.csv").write_text("1,2")
    notebook, script = collect_documents([tmp_path])
    assert [(cell.source, cell.output) for cell in notebook.cells] == [("a = 1", "one")]
    assert [cell.source for cell in script.cells] == ["def f():\n    return 1"]
    assert (notebook.notebook, script.notebook) == (True, False)
    text = str([notebook.to_json(), script.to_json()])
    assert "iVBOR" not in text
    assert "private" not in text
    assert "secret" not in text


def test_ignored_files_are_not_collected(tmp_path: Path) -> None:
    write_notebook(tmp_path / "a.ipynb")
    write_notebook(tmp_path / "b.ipynb")
    (tmp_path / ".safecoderignore").write_text("a.*\n")
    assert len(collect_documents([tmp_path])) == 1


def test_nothing_to_collect_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FinetuneError, match="There is no notebook"):
        collect_documents([tmp_path])
    with pytest.raises(FinetuneError):
        collect_documents([tmp_path / "none"])


def test_progress_is_reported(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / f"{name}.py").write_text("a = 1")
    heard: list[tuple[float, str]] = []
    collect_documents([tmp_path], lambda share, text: heard.append((share, text)))
    assert heard == [(0.0, "Reading a.py"), (0.5, "Reading b.py")]


def test_the_paths_of_a_document_are_where_it_is_and_where_its_links_lead(tmp_path: Path) -> None:
    (tmp_path / "finance").mkdir()
    (tmp_path / "finance" / "a.py").write_text("a = 1")
    (tmp_path / "b.py").symlink_to("finance/a.py")
    [found] = collect_documents([tmp_path])
    names = {str(tmp_path / "b.py"), str(tmp_path / "finance" / "a.py")}
    assert set(document_paths(found)) == names
    [file] = collect_documents([tmp_path / "finance"])
    assert document_paths(file) == [str(tmp_path / "finance" / "a.py")]
