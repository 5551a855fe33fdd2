"""The folder of a notebook: its notebooks, modules and documents, and a copy of it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from jupyter_safecoder.errors import NotebookError
from jupyter_safecoder.evaluation.task_making import folder
from jupyter_safecoder.evaluation.task_making.folder import (
    copy_folder,
    documents_of,
    exclusion,
    find_notebooks,
    read_modules,
)
from tests.support.notebook_files import write_notebook


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a folder with notebooks and modules, some of which are nobody's."""
    root = tmp_path / "project"
    for name in ("helpers", ".ipynb_checkpoints", "venv", "node_modules"):
        (root / name).mkdir(parents=True)
    (root / "venv" / "pyvenv.cfg").touch()
    for name in ("a.py", "helpers/io.py", "venv/no.py", "node_modules/no.py", ".no.py"):
        (root / name).write_text(f"# {name}\n")
    for name in ("b.ipynb", "a.ipynb", "helpers/c.ipynb", ".ipynb_checkpoints/no.ipynb"):
        write_notebook(root / name, ("code", f"of = '{name}'"), ("markdown", "text"))
    return root


def test_notebooks_are_sorted_and_each_is_there_once(project: Path) -> None:
    names = ["a.ipynb", "b.ipynb", "helpers/c.ipynb"]
    assert find_notebooks([project]) == [project / name for name in names]
    assert find_notebooks([project / "b.ipynb", project])[0] == project / "b.ipynb"
    assert len(find_notebooks([project / "b.ipynb", project])) == 3


def test_no_notebooks(tmp_path: Path) -> None:
    with pytest.raises(NotebookError, match="no notebooks"):
        find_notebooks([tmp_path])
    with pytest.raises(NotebookError, match="There is no file"):
        find_notebooks([tmp_path / "none.ipynb"])


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ('{"metadata": {"kernelspec": {"name": "analysis"}}}', "analysis"),
        ('{"metadata": {"kernelspec": {"name": 3}}}', ""),
        ('{"metadata": {}}', ""),
        ("[]", ""),
        ("{", ""),
    ],
)
def test_the_kernel_of_a_notebook(tmp_path: Path, text: str, name: str) -> None:
    (tmp_path / "n.ipynb").write_text(text)
    assert folder.kernel_name(tmp_path / "n.ipynb") == name


def test_modules(project: Path) -> None:
    (project / "latin.py").write_bytes(b"name = '\xe9'")
    assert read_modules(project) == {"a.py": "# a.py\n", "helpers/io.py": "# helpers/io.py\n"}


def test_a_module_has_the_encoding_that_it_declares(project: Path) -> None:
    (project / "latin.py").write_bytes(b"# coding: latin-1\nname = '\xe9'")
    assert read_modules(project)["latin.py"] == "# coding: latin-1\nname = 'é'"


def test_excluded_files_are_no_documents(project: Path) -> None:
    (project / ".safecoderignore").write_text("helpers/\nb.ipynb\n")
    modules = read_modules(project)
    assert modules == {"a.py": "# a.py\n"}
    assert [one["path"] for one in documents_of(project / "a.ipynb", modules, [])] == ["a.py"]
    assert exclusion(project / "a.ipynb") is None
    assert exclusion(project / "b.ipynb") is not None


def test_a_search_for_modules_is_bounded(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder, "_MAX_DIRECTORIES", 1)
    assert list(read_modules(project)) == ["a.py"]
    monkeypatch.setattr(folder, "_MAX_MODULES", 0)
    assert read_modules(project) == {}


def test_documents_are_imported_modules_then_what_lies_beside(project: Path) -> None:
    modules = read_modules(project)
    documents = documents_of(project / "a.ipynb", modules, ["helpers/io.py"])
    assert [one["path"] for one in documents] == ["helpers/io.py", "a.py", "b.ipynb"]
    (cell,) = json.loads(documents[-1]["source"])["cells"]
    assert cell == {"cell_type": "code", "source": "of = 'b.ipynb'"}


def test_documents_are_bounded(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder, "_MAX_CHARACTERS", 20)
    monkeypatch.setattr(folder, "_MAX_ALL_CHARACTERS", 30)
    modules = {"a.py": "x = 1\n" * 100, "b.py": "y = 1\n" * 100, "c.py": "z = 1\n"}
    documents = documents_of(project / "a.ipynb", modules, [])
    assert {one["path"]: one["source"] for one in documents} == {
        "a.py": "x = 1\n" * 3,
        "c.py": "z = 1\n",
    }


def test_a_copy_has_the_files_and_no_links_to_directories(project: Path, tmp_path: Path) -> None:
    os.symlink(project / "helpers", project / "linked")
    os.symlink(project / "a.py", project / "link.py")
    os.mkfifo(project / "pipe")
    target = tmp_path / "copy" / "deeper"
    copy_folder(project, target)
    copied = {path.relative_to(target).as_posix() for path in target.rglob("*") if path.is_file()}
    expected = {"a.py", "link.py", "a.ipynb", "b.ipynb", "helpers/io.py", "helpers/c.ipynb"}
    assert copied == expected
    assert not (target / "link.py").is_symlink()


def test_a_copy_is_bounded(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (project / "a.bin").write_bytes(bytes(2_000))
    (project / "b.bin").write_bytes(bytes(900))
    monkeypatch.setattr(folder, "_MAX_FILE_BYTES", 1_000)
    monkeypatch.setattr(folder, "_MAX_FILES", 4)
    copy_folder(project, project.parent / "bounded")
    copied = sorted(path.name for path in (project.parent / "bounded").iterdir())
    assert copied == ["a.ipynb", "a.py", "b.bin"]
