"""Outputs of cells as context, ``cases/outputs.toml``."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import pytest

from jupyter_safecoder.files.toml import read_toml
from jupyter_safecoder.outputs import clean_output, useful_output

CASES = read_toml(Path(__file__).parent / "cases" / "outputs.toml")


def _cases(kind: str) -> list[Any]:
    return [pytest.param(case, id=case["name"]) for case in CASES[kind]]


@pytest.mark.parametrize("case", _cases("clean"))
def test_the_text_of_an_output(case: dict[str, str]) -> None:
    text = clean_output(case["output"])
    assert text == case.get("text", case["output"])
    assert clean_output(text) == text


@pytest.mark.parametrize("case", _cases("choice"))
def test_the_output_that_tells_most(case: dict[str, Any]) -> None:
    assert useful_output(case["outputs"]) == case["text"]


def test_a_long_output_is_cleaned_at_both_ends() -> None:
    text = clean_output("\x1b[1mstart\x1b[0m" + " x" * 50_000 + "\rlast state")
    assert text.startswith("start x")
    assert text.endswith("last state")


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "part",
    ["\x1b[", "\x1b]0;", " ", "a\r", "\b", "<", " at 0x", "-> 1", "A" * 59 + " ", '  File "', "\r"],
)
def test_the_time_is_linear(part: str) -> None:
    """A text as long as is cleaned at most: quadratic patterns would take minutes."""
    assert len(clean_output(part * (20_000 // len(part)) + "x")) <= 20_001


def test_any_text_is_cleaned_once_and_for_all() -> None:
    random = Random(1)
    parts = [
        "\x1b[31m",
        "\x1b",
        "\r",
        "\b",
        "\n",
        "a",
        "<b at 0x7f00aa>",
        "QUJD1x" * 20,
        " 5%|# ",
        "é",
    ]
    for _ in range(500):
        text = clean_output("".join(random.choices(parts, k=20)))
        assert clean_output(text) == text
        assert not set(text) & set("\x1b\r\b")
