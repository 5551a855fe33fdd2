"""Pieces of a file stay the same while its window moves, and cut no value of several lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_safecoder.editor_protocols import pieces as module
from jupyter_safecoder.editor_protocols.pieces import cut

SOURCE = Path(module.__file__).read_text("utf-8") * 6
KEY = "-----BEGIN PRIVATE KEY-----\n" + "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC\n" * 40


@pytest.mark.parametrize(
    "text", ["", "x", "x = 1\n", SOURCE, KEY, "x" * 200_001, "a\r\nb\x0cc\u2028d" * 200]
)
def test_joined_they_are_the_text(text: str) -> None:
    assert "".join(cut(text)) == text
    assert all(0 < len(piece) <= 8_000 for piece in cut(text))


def test_most_pieces_of_a_moved_window_are_the_same() -> None:
    whole = cut(SOURCE)
    assert len(whole) > 10
    moved = cut(SOURCE[700:])
    assert len(set(moved) - set(whole)) <= 2


@pytest.mark.parametrize(
    "value",
    [KEY + "-----END PRIVATE KEY-----\n", '"""\n' + "line\n" * 6 + '"""\n', "a \\\n" * 99],
)
def test_a_value_of_several_lines_is_in_one_piece(value: str) -> None:
    text = f"{SOURCE}\n{value}\n{SOURCE}"
    assert sum(value in piece for piece in cut(text)) == 1
