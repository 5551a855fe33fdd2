"""What the project of a notebook adds to its prompts, with real files."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from jupyter_safecoder.extension.context_request import ContextRequest, ProjectContext
from jupyter_safecoder.extension.project_context import ProjectContexts
from jupyter_safecoder.extension.project_files import ProjectFiles
from jupyter_safecoder.ignore_files import IGNORE_FILE, IgnoredDocuments
from tests.support.team_notebooks import write_notebook

PRICE = "cost = tariff.cost(kwh, zone)\nprint(cost, tariff.name)\n"


def _write(path: Path, text: str | bytes = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


class Project:
    """A server's root with a notebook in a project of it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.contexts = ProjectContexts()
        _write(root / "project" / "pyproject.toml")
        write_notebook(root / "project" / "study" / "a.ipynb", "import gridkit")

    def describe(
        self,
        *cells: str,
        current: str = "",
        path: str = "project/study/a.ipynb",
        opened: tuple[str, ...] = (),
        modules: bool = True,
        files: bool = True,
    ) -> ProjectContext:
        """Describe the project for a notebook."""
        request = ContextRequest(path, cells, current, opened, modules, files)
        ignored = IgnoredDocuments(self.root)
        return self.contexts.describe(
            request, ProjectFiles(str(self.root), ignored, allow_hidden=False)
        )

    def modules(self, *cells: str) -> dict[str, str]:
        """Return the stubs by path."""
        return {one.path: one.text for one in self.describe(*cells, files=False).modules}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def test_modules_beside_the_notebook_and_above_it(project: Project) -> None:
    folder = project.root / "project"
    _write(folder / "study" / "local.py", "LIMIT = 3\n")
    _write(folder / "gridkit" / "__init__.py", "from .tariff import price\n")
    _write(folder / "gridkit" / "tariff.py", "def price(kwh): pass\n")
    _write(project.root / "outside.py", "def f(): pass\n")
    assert project.modules("import local, gridkit, outside") == {
        "local.py": "LIMIT: int\n",
        "../gridkit/__init__.py": "def price(kwh): ...\n",
    }


def test_a_module_that_changes_and_is_deleted(project: Project) -> None:
    module = _write(project.root / "project" / "study" / "local.py", "LIMIT = 3\n")
    assert project.modules("import local") == {"local.py": "LIMIT: int\n"}
    _write(module, "LIMIT = 3\nNAME = 'a'\n")
    assert project.modules("import local") == {"local.py": "LIMIT: int\nNAME: str\n"}
    module.unlink()
    assert project.modules("import local") == {}


@pytest.mark.parametrize(
    ("content", "stub"),
    [
        ("# coding: latin-1\ndef f(x='é'): pass\n".encode("latin-1"), "def f(x='é'): ...\n"),
        ("def f(x='é'): pass\n".encode("utf-8-sig"), "def f(x='é'): ...\n"),
        ("def f(x='é'): pass\n".encode("latin-1"), None),
        (b"def f(:", None),
        (b"\x00\x01\x02", None),
        (b"", None),
    ],
)
def test_encodings_and_syntax_errors(project: Project, content: bytes, stub: str | None) -> None:
    _write(project.root / "project" / "study" / "local.py", content)
    found = project.modules("import local")
    assert found == ({} if stub is None else {"local.py": stub})


def test_a_module_of_5_mb(project: Project) -> None:
    one = 'def function_{}(x):\n    """Zeile é."""\n    return x\n\n\n'
    text = "".join(one.format(number) for number in range(110_000))
    path = _write(project.root / "project" / "study" / "big.py", text)
    assert path.stat().st_size > 5 * 2**20
    found = project.modules("import big\nbig.function_17(1)")
    assert found["big.py"].startswith("def function_17(x):\n")
    assert len(found["big.py"]) < 5000


def test_a_notebook_of_100_mb_is_not_read(project: Project) -> None:
    path = project.root / "project" / "big.ipynb"
    with path.open("wb") as file:
        file.truncate(100 * 2**20)
    assert project.describe(current=PRICE, opened=("project/big.ipynb",)).files == ()


def test_links_that_lead_out_and_excluded_modules(project: Project, tmp_path: Path) -> None:
    outside = tmp_path.parent / f"{tmp_path.name}-outside.py"
    _write(outside, "def secret(): pass\n")
    folder = project.root / "project" / "study"
    (folder / "linked.py").symlink_to(outside)
    _write(folder / "private.py", "def f(): pass\n")
    _write(project.root / "project" / IGNORE_FILE, "private.py\n")
    assert project.modules("import linked, private") == {}
    cells = f"import sys\nsys.path.append('../../..')\nimport {outside.stem.replace('-', '_')}"
    assert project.modules(cells) == {}


def test_a_notebook_that_is_excluded_hidden_or_missing(project: Project) -> None:
    _write(project.root / "project" / "study" / "local.py", "LIMIT = 3\n")
    assert project.modules("import local")
    _write(project.root / "project" / "study" / ".hidden" / "b.ipynb", "{}")
    for path in ("project/study/missing.ipynb", "project/study/.hidden/b.ipynb", "../a.ipynb", ""):
        assert project.describe("import local", path=path) == ProjectContext(), path
    _write(project.root / "project" / "study" / IGNORE_FILE, "*.ipynb\n")
    assert project.modules("import local") == {}


def test_snippets_of_open_documents_and_of_recent_ones(project: Project) -> None:
    write_notebook(project.root / "elsewhere" / "open.ipynb", PRICE + "opened = plot(tariff)")
    write_notebook(project.root / "project" / "recent.ipynb", PRICE + "recent = sum(tariff)")
    write_notebook(project.root / "elsewhere" / "closed.ipynb", PRICE)
    context = project.describe(
        current="cost = tariff.cost(kwh", opened=("elsewhere/open.ipynb", "../out.ipynb")
    )
    assert {one.path for one in context.files} == {
        "../../elsewhere/open.ipynb",
        "../recent.ipynb",
    }
    assert all("tariff.cost(kwh, zone)" in one.text for one in context.files)


def test_neither_the_notebook_itself_nor_its_modules_are_other_files(project: Project) -> None:
    write_notebook(project.root / "project" / "study" / "a.ipynb", PRICE)
    _write(project.root / "project" / "study" / "local.py", PRICE)
    _write(project.root / "project" / "study" / "other.py", PRICE)
    context = project.describe("import local", current="cost = tariff.cost(kwh, zone)")
    assert [one.path for one in context.files] == ["other.py"]


def test_cells_of_other_notebooks_that_are_off(project: Project) -> None:
    path = write_notebook(project.root / "project" / "other.ipynb", PRICE, "x = 1")
    notebook = json.loads(path.read_text("utf-8"))
    notebook["cells"][0]["metadata"] = {"tags": ["safecoder-off"]}
    before = path.stat()
    assert project.describe(current=PRICE).files != ()
    path.write_text(json.dumps(notebook), "utf-8")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns + 1))
    assert project.describe(current=PRICE).files == ()


def test_only_what_is_wanted(project: Project) -> None:
    _write(project.root / "project" / "study" / "local.py", "LIMIT = 3\n")
    write_notebook(project.root / "project" / "other.ipynb", PRICE)
    cells = ("import local",)
    both = project.describe(*cells, current=PRICE)
    assert (len(both.modules), len(both.files)) == (1, 1)
    assert project.describe(*cells, current=PRICE, files=False) == ProjectContext(both.modules)
    assert project.describe(*cells, current=PRICE, modules=False) == ProjectContext((), both.files)


def test_without_a_project_only_the_notebook_s_directory_is_searched(tmp_path: Path) -> None:
    project = Project(tmp_path)
    write_notebook(tmp_path / "home" / "a.ipynb", "x")
    write_notebook(tmp_path / "home" / "inner" / "b.ipynb", PRICE)
    write_notebook(tmp_path / "other" / "c.ipynb", PRICE + "more = tariff.more")
    _write(tmp_path / "shared.py", "def f(): pass\n")
    context = project.describe("import shared", current=PRICE, path="home/a.ipynb")
    assert [one.path for one in context.files] == ["inner/b.ipynb"]
    assert [one.path for one in context.modules] == ["../shared.py"]


def test_modules_are_the_same_wherever_the_cursor_is(project: Project) -> None:
    source = "\n".join(f"def function_{n}(x): pass" for n in range(40))
    _write(project.root / "project" / "study" / "local.py", source)
    first = project.modules("import local", "local.function_30(1)")
    assert first["local.py"].startswith("def function_30(")
    second = project.modules("import local", "local.function_20(1)")
    assert second["local.py"].startswith("def function_20(x): ...\ndef function_30(")
    for cell in ("", "local.function_30(1)", "local.function_20(1)"):
        assert project.modules("import local", cell) == second


def test_names_of_a_notebook_are_remembered_within_bounds(project: Project) -> None:
    _write(project.root / "project" / "study" / "local.py", "def f(): pass\ndef g(): pass\n")
    project.modules("import local\nlocal.g()", " ".join(f"name_{n}" for n in range(3000)))
    assert project.modules("import local")["local.py"].startswith("def g()")
    project.modules("import local", " ".join(f"other_{n}" for n in range(3000)))
    assert project.modules("import local")["local.py"].startswith("def f()")
