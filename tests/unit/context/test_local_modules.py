"""Modules of a project that notebooks import, from texts in memory."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from jupyter_safecoder.context.local_modules import BUDGET, LocalModule, describe_modules
from jupyter_safecoder.context.outline import Outline
from jupyter_safecoder.context.signatures import read_outline

FILES = {
    "gridkit/__init__.py": '"""Tools for the grid."""\nfrom .tariff import Tariff, price as cost\n'
    "from .units import *\nfrom . import plots\nfrom ._private import hidden\nimport os\n"
    "VERSION = '1'\n",
    "gridkit/tariff.py": "class Tariff:\n    def at(self, hour): pass\ndef price(kwh): pass\n"
    "def tax(): pass\n",
    "gridkit/units.py": "__all__ = ['kwh']\ndef kwh(): pass\ndef internal(): pass\n"
    "from .more import mwh\n",
    "gridkit/more.py": "def mwh(): pass\n",
    "gridkit/plots.py": "def draw(curve): pass\n",
    "gridkit/_private.py": "def hidden(): pass\n",
    "helpers/io.py": "from pathlib import Path\ndef load(path): pass\ndef save(path): pass\n"
    "def _raw(path): pass\n",
    "study/local.py": "LIMIT = 3\n",
    "src/package/__init__.py": "def run(): pass\n",
    "shared/tools.py": "def tool(): pass\n",
    "circle.py": "from circle2 import *\nfrom circle import *\ndef one(): pass\n",
    "circle2.py": "from circle import *\ndef two(): pass\n",
}


def _describe(
    *cells: str,
    files: Mapping[str, str] = FILES,
    directory: str = "",
    budget: int = BUDGET,
) -> list[LocalModule]:
    def read(path: str) -> Outline | None:
        return read_outline(files[path]) if path in files else None

    return describe_modules(cells, read, directory=directory, budget=budget)


@pytest.mark.parametrize(
    ("cell", "paths", "known_as"),
    [
        ("import helpers.io", ["helpers/io.py"], ["helpers.io"]),
        ("import helpers.io as io", ["helpers/io.py"], ["io"]),
        ("from helpers import io", ["helpers/io.py"], ["io"]),
        ("from helpers.io import load as l", ["helpers/io.py"], ["l"]),
        ("from helpers.io import *", ["helpers/io.py"], []),
        ("from helpers.io import unknown", ["helpers/io.py"], []),
        ("from . import shared", [], []),
        ("from .helpers import io", ["helpers/io.py"], ["io"]),
        ("from .helpers.io import load", ["helpers/io.py"], ["load"]),
        ("import package", ["src/package/__init__.py"], ["package"]),
        ("import sys\nsys.path.append('shared')\nimport tools", ["shared/tools.py"], ["tools"]),
        ("import sys\nsys.path.append('/etc')\nimport tools", [], []),
        ("import sys\nsys.path.append('../../..')\nimport tools", [], []),
        ("import numpy as np\nimport os", [], []),
        ("import helpers", [], []),
    ],
)
def test_which_modules_a_notebook_imports(cell: str, paths: list[str], known_as: list[str]) -> None:
    found = _describe(cell)
    assert [module.path for module in found] == paths
    assert [name for module in found for name in module.known_as] == known_as


def test_modules_are_searched_from_the_notebook_up_to_the_top() -> None:
    (local, helpers) = _describe("import local\nfrom helpers.io import load", directory="study")
    assert (local.path, local.text) == ("study/local.py", "LIMIT: int\n")
    assert helpers.path == "helpers/io.py"
    (own,) = _describe("from .local import LIMIT\nfrom . import x", directory="study")
    assert own.path == "study/local.py"
    (above,) = _describe("from ..helpers.io import load", directory="study")
    assert above.path == "helpers/io.py"


def test_what_a_package_imports_from_its_modules_is_its_own() -> None:
    (module,) = _describe("import gridkit as gk\ngk.cost(1)")
    assert module.text == (
        '"""Tools for the grid."""\n'
        "def cost(kwh): ...\n"
        "VERSION: str\n"
        "class Tariff:\n    def at(self, hour): ...\n"
        "def kwh(): ...\n"
        "def hidden(): ...\n"
    )


def test_modules_that_a_package_imports_are_described_if_they_are_mentioned() -> None:
    found = _describe("import gridkit as gk", "gk.plots.draw(")
    assert [(module.path, module.known_as) for module in found] == [
        ("gridkit/__init__.py", ("gk",)),
        ("gridkit/plots.py", ("gk.plots",)),
    ]


def test_private_names_are_written_only_if_the_notebook_imports_them() -> None:
    (module,) = _describe("from helpers.io import load\n_raw")
    assert "_raw" not in module.text
    (module,) = _describe("from helpers.io import _raw")
    assert module.text.startswith("def _raw(path)")


def test_what_is_imported_or_mentioned_is_in_front() -> None:
    (module,) = _describe("import helpers.io", "helpers.io.save(")
    assert module.text == "def save(path): ...\ndef load(path): ...\n"


def test_circles_end() -> None:
    (module,) = _describe("from circle import *")
    assert module.path == "circle.py"
    assert "def one()" in module.text
    assert "def two()" in module.text


def test_many_stars_are_bounded() -> None:
    names = [f"m{n}" for n in range(150)]
    stars = "".join(f"from {name} import *\n" for name in names)
    files = {f"{name}.py": f"{stars}def {name}_f(): pass\n" for name in names}
    found = _describe(*(f"import {name}" for name in names), files=files)
    assert len(found) == 12
    assert sum(len(module.text) for module in found) <= BUDGET


def test_the_modules_that_the_last_cell_mentions_come_first_in_the_choice() -> None:
    files = {f"m{n}.py": "def f(): pass\n" for n in range(20)}
    imports = "\n".join(f"import m{n}" for n in range(20))
    found = _describe(imports, "m19.f(", files=files)
    assert [module.path for module in found] == [*(f"m{n}.py" for n in range(11)), "m19.py"]


def test_a_budget_is_shared() -> None:
    files = {
        name: "\n".join(f"def function_{n}(argument): pass" for n in range(100))
        for name in ("a.py", "b.py")
    } | {"c.py": "def f(): pass\n"}
    found = _describe("import c, a, b", "b.function_77(", files=files, budget=1000)
    assert [module.path for module in found] == ["c.py", "a.py", "b.py"]
    assert found[2].text.startswith("def function_77(")
    assert all(len(module.text) > 300 for module in found[1:])
    assert sum(len(module.text) for module in found) <= 1000


def test_what_was_mentioned_before_stays_in_front_while_there_is_space() -> None:
    files = {"a.py": "\n".join(f"def function_{n}(argument): pass" for n in range(100))}

    def first(current: str, *before: str, budget: int = BUDGET) -> list[str]:
        (module,) = describe_modules(
            ["import a", current],
            lambda path: read_outline(files[path]) if path in files else None,
            mentioned_before=before,
            budget=budget,
        )
        return [line.partition("(")[0][4:] for line in module.text.splitlines()[:2]]

    assert first("a.function_70") == ["function_70", "function_0"]
    assert first("a.function_70", "function_60") == ["function_60", "function_70"]
    many = [f"function_{n}" for n in range(100)]
    assert first("a.function_70", *many, budget=500)[0] == "function_70"
