"""Signatures of modules: the cases of a file, and modules that are hostile."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest

from jupyter_safecoder.context.outline import Outline
from jupyter_safecoder.context.signatures import read_outline
from jupyter_safecoder.context.stub import write_stub
from jupyter_safecoder.files.toml import parse_toml

CASES: list[dict[str, Any]] = parse_toml(
    Path(__file__).with_name("cases").joinpath("signatures.toml").read_text("utf-8")
)["case"]


def _outline(source: str) -> Outline:
    outline = read_outline(source)
    assert outline is not None
    return outline


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_signatures(case: dict[str, Any]) -> None:
    outline = _outline(case["source"])
    public = [member for member in outline.members if member.is_public]
    stub = write_stub(outline.doc, public, (), 10_000)
    assert stub == case["stub"].lstrip("\n")


@pytest.mark.parametrize(
    "case", [case for case in CASES if "..., ...)" not in case["stub"]], ids=lambda c: c["name"]
)
def test_most_stubs_are_python(case: dict[str, Any]) -> None:
    if "too long" not in case["name"]:
        ast.parse(case["stub"])


def test_imports_and_exports() -> None:
    outline = _outline(
        '"""The package."""\nfrom .a import b as c\nimport d\n__all__ = ["c", "e"]\ne = 1\nf = 2\n'
    )
    assert outline.doc == "The package."
    assert [(one.module, one.level, one.name) for one in outline.imports] == [
        ("a", 1, "b"),
        ("d", 0, ""),
    ]
    assert [member.name for member in outline.public()] == ["e"]
    computed = _outline("__all__ = [*names]\ne = 1\n_f = 2\n")
    assert [member.name for member in computed.public()] == ["e"]


def test_what_is_not_python_has_no_outline() -> None:
    assert read_outline("def f(:") is None


@pytest.mark.parametrize(
    "source",
    [
        "x = " + "-" * 3000 + "1",
        "x: " + "a[" * 100 + "0" + "]" * 100 + " = 1",
        "def f(x=" + "+".join(["1"] * 2000) + "): pass",
        "def f(x=" + "1" * 10_000 + "): pass",
        "def f(" + ", ".join(f"p{n}" for n in range(2000)) + "): pass",
        "class A(" + ", ".join(f"B{n}" for n in range(2000)) + "): pass",
        "\n".join(f"def f{n}(): pass" for n in range(5000)),
        "class A:\n" + "\n".join(f"    x{n}: int = 0" for n in range(5000)),
        "if a:\n" + "".join("    " * n + "if a:\n" for n in range(1, 50)) + "    " * 50 + "b = 1",
        "def f():\n    '''" + "x" * 100_000 + "'''",
        "def " + "f" * 50_000 + "(): pass",
        "__all__ = 1\n__all__ += ['x']",
    ],
    ids=range(12),
)
def test_the_outline_of_a_hostile_module_is_small(source: str) -> None:
    outline = read_outline(source)
    if outline is not None:
        assert outline.size() < 120_000
        assert len(write_stub(outline.doc, outline.members, (), 1000)) <= 1001
