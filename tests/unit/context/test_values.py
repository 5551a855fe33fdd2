"""Annotations, defaults and types."""

from __future__ import annotations

import ast

import pytest

from jupyter_safecoder.context.values import annotation_text, default_text, type_of


def _expression(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


@pytest.mark.parametrize(
    ("name", "written", "shown"),
    [
        ("x", "1.5", "1.5"),
        ("x", "None", "None"),
        ("x", "'short'", "'short'"),
        ("x", "'a text that is longer than thirty'", "..."),
        ("x", "b'raw'", "b'raw'"),
        ("x", "np.nan", "np.nan"),
        ("x", "load()", "..."),
        ("x", "[y for y in z]", "..."),
        ("password", "'hunter2'", "..."),
        ("db_password", "'summer'", "..."),
        ("passwort", "'Geheim77'", "..."),
        ("options", "{'password': 'hunter2'}", "..."),
        ("auth", "('ada', 'hunter2!9')", "..."),
        ("x", "'AKIAIOSFODNN7EXAMPLE'", "..."),
        ("url", "'https://ada:hunter2@host'", "..."),
        ("x", "'3f9a1c7be02d4f5689aa01bc'", "..."),
        ("token", "None", "None"),
        ("password", "''", "''"),
    ],
)
def test_defaults(name: str, written: str, shown: str) -> None:
    assert default_text(name, _expression(written)) == shown


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("int", "int"),
        ("'Frame'", "Frame"),
        ("dict[str, list[int]]", "dict[str, list[int]]"),
        ("Literal['day', 'night']", "Literal['day', 'night']"),
        ("Literal['ghp_16C7e42F292c6912E7710c838347Ae178B4a']", ""),
        ("'a\\nb'", ""),
        ("Union[" + ", ".join(f"Type{n}" for n in range(20)) + "]", ""),
    ],
)
def test_annotations(written: str, shown: str) -> None:
    assert annotation_text(_expression(written)) == shown


def test_no_annotation() -> None:
    assert annotation_text(None) == ""


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("1", "int"),
        ("-1.5", "float"),
        ("not x", "bool"),
        ("True", "bool"),
        ("'a'", "str"),
        ("f'{x}'", "str"),
        ("b'a'", "bytes"),
        ("None", ""),
        ("...", ""),
        ("[x for x in y]", "list"),
        ("{}", "dict"),
        ("{1}", "set"),
        ("()", "tuple"),
        ("Path('a')", "Path"),
        ("pathlib.Path('a')", "Path"),
        ("load()", ""),
        ("a.load()", ""),
        ("f()()", ""),
        ("x + y", ""),
    ],
)
def test_types(written: str, shown: str) -> None:
    assert type_of(_expression(written)) == shown
