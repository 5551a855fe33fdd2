"""Imports of notebooks: with magics, in cells that are being written, and of every form."""

from __future__ import annotations

import pytest

from jupyter_safecoder.context.imports import Import, find_imports, find_search_paths


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("import gridkit as gk", [Import("gridkit", known_as="gk")]),
        ("import a.b", [Import("a.b", known_as="a.b")]),
        ("import a, b as c", [Import("a", known_as="a"), Import("b", known_as="c")]),
        ("from helpers.io import load", [Import("helpers.io", 0, "load", "load")]),
        ("from helpers import load as l", [Import("helpers", 0, "load", "l")]),
        ("from . import x", [Import("", 1, "x", "x")]),
        ("from ..lib import x", [Import("lib", 2, "x", "x")]),
        ("from grid import *", [Import("grid", 0, "*", "*")]),
        (
            "from grid import (\n    a,  # one\n    b,\n)",
            [Import("grid", 0, "a", "a"), Import("grid", 0, "b", "b")],
        ),
        ("%load_ext autoreload\nimport grid", [Import("grid", known_as="grid")]),
        ("!pip install x\nimport grid", [Import("grid", known_as="grid")]),
        ("try:\n    import grid\nexcept ImportError:\n    pass", [Import("grid", known_as="grid")]),
        ("%%time\nimport grid", [Import("grid", known_as="grid")]),
        ("%%bash\nimport grid", []),
        ("x = 'import grid'", []),
        ("# import grid", []),
    ],
)
def test_the_imports_of_a_cell(cell: str, expected: list[Import]) -> None:
    assert find_imports([cell]) == expected


@pytest.mark.parametrize(
    "cell",
    [
        "import grid\nx = grid.load(",
        "import grid\nfor x in",
        "def f(:\n    import grid",
        "x = 'open\nimport grid; import",
        "import grid as\nimport grid",
        "print 'old'\nimport grid",
    ],
)
def test_a_cell_that_is_being_written(cell: str) -> None:
    assert find_imports([cell]) == [Import("grid", known_as="grid")]


def test_an_open_statement_of_several_lines() -> None:
    cell = "from grid import (\n    load,\n    price,\n)\nx = load("
    assert [one.name for one in find_imports([cell])] == ["load", "price"]


def test_each_import_counts_once_and_in_order() -> None:
    cells = ["import b", "import a\nimport b"]
    assert [one.module for one in find_imports(cells)] == ["b", "a"]


def test_what_is_no_code_of_a_person_is_left_out() -> None:
    assert find_imports(["import grid\n" + "x = 1\n" * 20_000]) == []
    many = "\n".join(f"import module_{number}" for number in range(1000))
    assert len(find_imports([many])) == 200
    deep = "import grid\nx = " + "(" * 5000
    assert [one.module for one in find_imports([deep])] == ["grid"]


def test_directories_that_are_added_to_the_path() -> None:
    cells = [
        "import sys\nsys.path.append('..')\nsys.path.insert(0, '../src')",
        "sys.path.append(folder)\nother.path.append('x')\nsys.path.append('../src')",
    ]
    assert find_search_paths(cells) == ["..", "../src"]


@pytest.mark.parametrize(
    "part", ["import (", "import \\\n", "from ", "from a import (\n", " ", "("]
)
def test_the_time_is_proportional_to_the_length(part: str) -> None:
    # Else this takes hours.
    assert find_imports([part * (90_000 // len(part)) + "import ]"]) == []
