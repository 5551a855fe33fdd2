"""Which characters cannot be seen."""

from __future__ import annotations

import pytest

from jupyter_safecoder.invisible import is_invisible


@pytest.mark.parametrize(
    "character",
    [
        *("\x00", "\x1b", "\x7f", "\x85", "\r", "\u00ad", "\u200b", "\u202e", "\u2066"),
        *("\u2028", "\ufeff", "\U000e0041", "\ud83d"),
    ],
)
def test_control_and_format_characters(character: str) -> None:
    assert is_invisible(character)


@pytest.mark.parametrize(
    "character", ["\t", "\n", " ", "\u00a0", "a", "é", "中", "\U0001f600", "\u0301"]
)
def test_text(character: str) -> None:
    assert not is_invisible(character)
