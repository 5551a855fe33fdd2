"""Encodings of Python files, and what is not parsed."""

from __future__ import annotations

import ast
import warnings

import pytest

from jupyter_safecoder.context.python_source import MAX_CHARACTERS, decode_source, parse_python


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ("x = 'é'".encode(), "x = 'é'"),
        ("x = 'é'".encode("utf-8-sig"), "x = 'é'"),
        (
            "# -*- coding: latin-1 -*-\nx = 'é'".encode("latin-1"),
            "# -*- coding: latin-1 -*-\nx = 'é'",
        ),
        ("# vim: set fileencoding=cp1252 :\n'€'".encode("cp1252"), None),
        ("#!/usr/bin/python\n# coding: shift_jis\n'電'".encode("shift_jis"), None),
        (b"a\r\nb\rc", "a\nb\nc"),
        (b"", ""),
    ],
)
def test_encodings(data: bytes, text: str | None) -> None:
    decoded = decode_source(data)
    assert decoded is not None
    assert parse_python(decoded) is not None
    if text is not None:
        assert decoded == text


@pytest.mark.parametrize(
    "data",
    [
        b"x = '\xe9'",
        b"# coding: nonsense\nx = 1",
        b"# coding: zlib\nx = 1",
        b"# coding: undefined\nx = 1",
        b"# coding: punycode\nx = 1",
        b"# coding: ascii\nx = '\xc3\xa9'",
        b"\xef\xbb\xbf# coding: latin-1\nx = 1",
        b"\x89PNG\r\n\x1a\n\x00\x00",
    ],
)
def test_what_has_another_encoding(data: bytes) -> None:
    assert decode_source(data) is None


def test_lone_surrogates_are_replaced() -> None:
    text = decode_source(b"# coding: raw_unicode_escape\nx = '\\ud800'")
    assert text is not None
    assert text.encode("utf-8")


@pytest.mark.parametrize("text", ["def f(:", "x = 1\0", "(" * 10_000, "x = '", "\ud800"])
def test_what_is_not_python(text: str) -> None:
    assert parse_python(text) is None


def test_warnings_about_what_is_parsed_are_not_shown() -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert parse_python("x = '\\d'\nx is 1\nassert (x, 'y')") is not None
    assert caught == []


def test_the_first_statements_of_a_large_module_are_parsed() -> None:
    one = 'def function_{}(x):\n    """Text."""\n    return x\n\n\n'
    text = "".join(one.format(number) for number in range(10 * MAX_CHARACTERS // len(one)))
    tree = parse_python(text)
    assert tree is not None
    assert isinstance(tree.body[0], ast.FunctionDef)
    assert 1000 < len(tree.body) <= MAX_CHARACTERS // len(one) + 1


def test_a_large_module_without_statements_is_empty() -> None:
    tree = parse_python("x = [\n" + "    1,\n" * MAX_CHARACTERS + "]")
    assert tree is not None
    assert tree.body == []
