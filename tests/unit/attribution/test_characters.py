"""White space and long runs of one character do not count."""

from __future__ import annotations

import numpy as np
import pytest

from jupyter_safecoder.attribution.characters import characters_of, codes_of, codes_of_lines

TEXTS = ["", " ", "a b\n\tc", "x\u00a0=\u30001", "naïve = 'é𝄞'", "# -------- x", "\ud800 a"]


@pytest.mark.parametrize("text", TEXTS)
def test_the_codes_are_those_of_the_text_without_white_space(text: str) -> None:
    squeezed = "".join(text.split())
    assert np.array_equal(characters_of(text).codes, codes_of(squeezed))


def test_the_offsets_are_those_of_the_text() -> None:
    text = "a =\n  b"
    assert [text[n] for n in characters_of(text).offsets] == ["a", "=", "b"]


def test_a_run_counts_as_three() -> None:
    assert bytes(characters_of("# ------- x --").codes) == b"#---x--"


def test_other_scripts_are_one_code_each() -> None:
    assert len(characters_of("é中𝄞").codes) == 3


@pytest.mark.parametrize("text", [*TEXTS, "f((\n((a\n\n))\n)))) - é"])
def test_the_codes_of_lines_are_together_those_of_the_text(text: str) -> None:
    lines = ["".join(line.split()) for line in text.split("\n")]
    assert b"".join(codes_of_lines(lines)) == characters_of(text).codes.tobytes()
    assert len(codes_of_lines(lines)) == len(lines)
