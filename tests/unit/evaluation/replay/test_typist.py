"""Which suggestions are right, and what is typed next."""

from __future__ import annotations

import pytest

from jupyter_safecoder.evaluation.replay.typist import (
    Key,
    Part,
    count_characters,
    next_key,
    right_part,
)


@pytest.mark.parametrize(
    ("suggestion", "rest", "line", "word"),
    [
        ("", "os", "", ""),
        (" ", " os", "", ""),
        ("port os", "port os", "port os", "port"),
        ("port os  ", "port os\nx", "port os", "port"),
        ("port os\nimport re", "port os\nx = 1", "port os", "port"),
        ("port re", "port os", "", "port"),
        ("port", "port os", "", "port"),
        ("port os", "port", "", "port"),
        ("por", "port", "", ""),
        (" = read(x)", " = read(y)", "", " ="),
        ("(x)", "(x)", "(x)", "("),
        ('["a"]', '["b"]', "", '["'),
        ("\n    pass", "\n    pass\nx", "\n    pass", "\n    pass"),
        ("\n    pass", "\n\n    pass", "", ""),
        ("pass", "\npass", "", ""),
    ],
)
def test_right_parts(suggestion: str, rest: str, line: str, word: str) -> None:
    assert right_part(suggestion, rest, "", "line") == line
    assert right_part(suggestion, rest, "", "word") == word


@pytest.mark.parametrize(
    ("suggestion", "rest", "closing", "part", "expected"),
    [
        ("x", "x)", ")", "line", "x"),
        ("x", "x) + 1", ")", "line", ""),
        ("x)", "x)", ")", "line", ""),
        ("x,", "x,\n  y)", ")", "line", "x,"),
        ("g(1)", "g(1))", ")", "line", "g(1)"),
        (")", ")", ")", "word", ""),
        (")", "))", ")", "word", ")"),
    ],
)
def test_with_closing_brackets_after_the_cursor(
    suggestion: str, rest: str, closing: str, part: Part, expected: str
) -> None:
    assert right_part(suggestion, rest, closing, part) == expected


@pytest.mark.parametrize(
    ("suggestion", "rest", "closing", "accept", "key"),
    [
        ("port os", "port os", "", "line", Key("take", "port os")),
        ("port os", "port os", "", "word", Key("take", "port")),
        ("port re", "port os", "", "line", Key("type", "p")),
        ("", "\n    pass", "", "line", Key("type", "\n    ")),
        ("", "\n\n    pass", "", "line", Key("type", "\n")),
        ("", "x", ")", "line", Key("delete")),
        ("", "x)", ")", "line", Key("type", "x")),
    ],
)
def test_the_next_key(suggestion: str, rest: str, closing: str, accept: Part, key: Key) -> None:
    assert next_key(suggestion, rest, closing, accept) == key


def test_indentation_is_not_counted() -> None:
    assert count_characters("if x:\n    \n\tpass ") == 12
