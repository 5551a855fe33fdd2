"""Prompts in which other editors write the markers of a family."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from jupyter_safecoder.prompt import FAMILIES
from jupyter_safecoder.prompt.fim_markers import MarkedPrompt, split_markers

_CASES = json.loads((Path(__file__).parent / "cases/fim_markers.json").read_text("utf-8"))
#: A family with markers, one with others, one without any.
each_family = pytest.mark.parametrize("served", ["starcoder", "qwen2.5-coder", "prefix-only"])


@each_family
@pytest.mark.parametrize("text", [text for _, text in _CASES["same"]])
def test_markers_of_any_family(text: str, served: str) -> None:
    assert split_markers(text, FAMILIES[served]) == MarkedPrompt("a = \n", "\nb")


@each_family
@pytest.mark.parametrize(("text", "prefix", "suffix", "before"), [c[1:] for c in _CASES["others"]])
def test_what_is_around_markers(
    text: str, prefix: str, suffix: str, before: str, served: str
) -> None:
    assert split_markers(text, FAMILIES[served]) == MarkedPrompt(prefix, suffix, before)


@each_family
@pytest.mark.parametrize("text", _CASES["text"])
def test_text_stays_text(text: str, served: str) -> None:
    assert split_markers(text, FAMILIES[served]) is None


@pytest.mark.parametrize("family", [f for f in FAMILIES.values() if f.prefix], ids=lambda f: f.name)
def test_each_family_has_markers(family: object) -> None:
    served = FAMILIES[family.name]  # type: ignore[attr-defined]
    if served.middle:
        text = f"{served.prefix}{served.suffix}b{served.middle}a"
    else:
        text = f"{served.suffix}b{served.prefix}a"
    assert split_markers(text, served) == MarkedPrompt("a", "b")
