"""No code of the package runs what it reads from a file, and no page shows text as HTML."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.paths import ROOT

_MODULES = sorted((ROOT / "jupyter_safecoder").rglob("*.py"))
#: Modules whose readers run code of what they read.
_UNSAFE_MODULES = {"pickle", "dill", "cloudpickle", "marshal", "shelve", "joblib", "jsonpickle"}
#: Functions that run code of their argument, by name alone.
_UNSAFE_CALLS = {"eval", "exec", "compile", "__import__"}
#: Functions whose formats are pickles, or may have some in them.
_UNSAFE_READERS = ("torch.load", "torch.save", "numpy.load", "read_pickle", "yaml.load")
#: Functions to the arguments that keep them from running code of a file.
_REQUIRED = {
    "from_pretrained": {"trust_remote_code": False, "local_files_only": True},
    "main_export": {"trust_remote_code": False},
}
#: Arguments that no call may have.
_REFUSED = {"trust_remote_code": True, "allow_pickle": True, "shell": True, "verify": False}
#: TypeScript that shows text as HTML, or runs it.
_HTML = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|dangerouslySetInnerHTML|\beval\("
    r"|new Function|createContextualFragment|DOMParser|setHTML"
)


def _violations(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            names = [alias.name for alias in node.names]
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            yield from (n for n in names if n.partition(".")[0] in _UNSAFE_MODULES)
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func)
        if called in _UNSAFE_CALLS or called.endswith(_UNSAFE_READERS):
            yield called
        given = {
            keyword.arg: keyword.value.value
            for keyword in node.keywords
            if isinstance(keyword.value, ast.Constant)
        }
        for name, required in _REQUIRED.items():
            if called == name or called.endswith(f".{name}"):
                yield from (f"{called}: {r}" for r in required.items() if r not in given.items())
        yield from (f"{called}: {r}" for r in _REFUSED.items() if r in given.items())


def test_no_call_runs_code_of_a_file() -> None:
    found = {
        str(path.relative_to(ROOT)): names
        for path in _MODULES
        if (names := list(_violations(ast.parse(path.read_text("utf-8")))))
    }
    assert found == {}


@pytest.mark.parametrize(
    "code",
    [
        *("import pickle", "from pickle import load", "import joblib.x", "eval(x)", "exec(x)"),
        *("torch.load(x)", "torch.load(x, weights_only=True)", "torch.save(x, y)", "yaml.load(x)"),
        *("import shelve", "from marshal import loads", "import dill", "pandas.read_pickle(x)"),
        "A.from_pretrained(x, local_files_only=True)",
        "A.from_pretrained(x, trust_remote_code=True, local_files_only=True)",
        *("numpy.load(x, allow_pickle=True)", "subprocess.run(x, shell=True)"),
        "main_export(x)",
    ],
)
def test_what_is_found(code: str) -> None:
    assert list(_violations(ast.parse(code)))


def test_the_calls_that_are_checked_exist() -> None:
    text = "".join(path.read_text("utf-8") for path in _MODULES)
    assert all(f"{name}(" in text for name in _REQUIRED)


def _sources(pattern: str) -> list[Path]:
    found = (ROOT / "labextension" / "src").rglob(pattern)
    return [path for path in found if not path.name.endswith(".spec.ts")]


def test_the_lab_extension_shows_no_text_as_html() -> None:
    sources = _sources("*.ts") + _sources("*.tsx")
    assert len(sources) > 20
    found = {
        str(path.relative_to(ROOT)): match[0]
        for path in sources
        if "testing" not in path.parts and (match := _HTML.search(path.read_text("utf-8")))
    }
    assert found == {}


def test_the_pages_of_the_service_are_escaped() -> None:
    """No template turns escaping off, and no page builds HTML itself."""
    dashboard = ROOT / "jupyter_safecoder" / "hub" / "dashboard"
    templates = [*dashboard.rglob("*.html")]
    assert templates
    for path in (*templates, *dashboard.rglob("*.py"), *dashboard.rglob("*.js")):
        text = path.read_text("utf-8")
        assert not re.search(r"\|\s*safe\b|autoescape\s+false|autoescape=False", text), path
        # The parser of the service's own page runs no scripts.
        assert not _HTML.search(text.replace("new DOMParser()", "")), path
