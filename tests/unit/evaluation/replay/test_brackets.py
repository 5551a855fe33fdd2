"""Closing brackets that the editor inserts."""

from __future__ import annotations

import pytest

from jupyter_safecoder.evaluation.replay.brackets import remain_in, type_character


@pytest.mark.parametrize(
    ("text", "closing"),
    [
        ("f(", ")"),
        ("f([{", "}])"),
        ("f([0]", ")"),
        ("f([0])", ""),
        ("x = '", "'"),
        ('print(f"', '")'),
        ('print(Rb"a"', ")"),
        ('print("f(', '")'),
        ("\"it's", '"'),
        ("# don't", ""),
        ('""', ""),
        ('"""', ""),
    ],
)
def test_text_that_is_typed(text: str, closing: str) -> None:
    state = ("", "")
    for character in text:
        state = type_character(*state, character)
    assert state == (text, closing)


@pytest.mark.parametrize(
    ("text", "closing", "expected"),
    [
        ("x)", "", True),
        ("x])\n", "])", True),
        ("x)]", "])", False),
        ("", ")", False),
    ],
)
def test_brackets_that_a_text_still_has(text: str, closing: str, expected: bool) -> None:
    assert remain_in(text, closing) == expected
