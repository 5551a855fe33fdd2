"""Markers of generators, ``cases/generated.toml``."""

from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_safecoder.files.toml import read_toml
from jupyter_safecoder.finetune.corpus.generated import generated_marker

CASES = read_toml(Path(__file__).parent / "cases" / "generated.toml")


@pytest.mark.parametrize("line", CASES["markers"])
def test_a_marker(line: str) -> None:
    assert generated_marker(line)
    assert generated_marker(line.upper())


@pytest.mark.parametrize("line", CASES["prose"])
def test_prose(line: str) -> None:
    assert generated_marker(line) == ""


@pytest.mark.timeout(20)
@pytest.mark.parametrize("part", ["a ", "-", "generated ", "do not ", "# "])
def test_the_time_is_linear(part: str) -> None:
    assert generated_marker(part * (2000 // len(part)) + "x") == ""
