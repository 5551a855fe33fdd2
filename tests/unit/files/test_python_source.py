"""The encodings of Python files."""

from __future__ import annotations

import ast

import pytest

from jupyter_safecoder.errors import UnusableFile
from jupyter_safecoder.files.python_source import decode_python


@pytest.mark.parametrize(
    ("declaration", "encoding"),
    [
        ("", "utf-8"),
        ("", "utf-8-sig"),
        ("# -*- coding: latin-1 -*-\n", "latin-1"),
        ("#!/usr/bin/python\n# vim: set fileencoding=cp1252 :\n", "cp1252"),
        ("# coding=iso-8859-15\n", "iso-8859-15"),
        ("# coding: utf-8\n", "utf-8-sig"),
        ("\n# coding: koi8-r\n", "koi8-r"),
    ],
)
def test_a_file_is_read_as_python_reads_it(declaration: str, encoding: str) -> None:
    value = "Ж" if encoding == "koi8-r" else "é"
    content = f"{declaration}x = '{value}'\n".encode(encoding)
    names: dict[str, str] = {}
    exec(compile(content, "a.py", "exec"), names)
    assert names["x"] == value
    assert ast.unparse(ast.parse(decode_python(content))) == f"x = '{value}'"


def test_newlines() -> None:
    assert decode_python(b"a\r\nb\rc\n") == "a\nb\nc\n"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"x = '\xff'", "is not UTF-8, and declares no other encoding"),
        (b"x = 1\n\n\nx = '\xff'", "is not UTF-8, and declares no other encoding"),
        ("x = 1".encode("utf-16"), "is not UTF-8, and declares no other encoding"),
        (b"# coding: klingon\nx = 1", "declares an encoding that Python does not know"),
        (b"# coding: ascii\nx = '\xff'", "is not in the encoding ascii that it declares"),
        (b"# coding: rot13\nx = 1", "declares an encoding that is not one of texts"),
        (b"# coding: undefined\nx = 1", "is not in the encoding undefined that it declares"),
        (b"# coding: punycode\nx = 1", "declares an encoding that is not one of files"),
        (b"\xef\xbb\xbf# coding: latin-1\nx = 1", "is not UTF-8, and declares no other encoding"),
    ],
)
def test_what_cannot_be_decoded(content: bytes, reason: str) -> None:
    with pytest.raises(UnusableFile) as raised:
        decode_python(content)
    assert raised.value.reason == reason
    assert raised.value.remedy
