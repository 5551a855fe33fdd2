"""Each rule by its cases, `cases/<rule>.toml`; what a case leaves out is in `_case`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from jupyter_safecoder.answer import Judge, Judgement, Situation, extent_at

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # type: ignore[import-not-found,unused-ignore]

CASES = Path(__file__).parent / "cases"


def _cases(*rules: str) -> list[Any]:
    found = []
    for rule in rules:
        with (CASES / f"{rule}.toml").open("rb") as file:
            cases = tomllib.load(file)["case"]
        found += [pytest.param(case, id=f"{rule}-{case['name']}") for case in cases]
    return found


RULES = sorted(path.stem for path in CASES.glob("*.toml") if path.stem != "extent")


@pytest.mark.parametrize("case", _cases("extent"))
def test_extent(case: dict[str, str]) -> None:
    language = case.get("language", "python")
    assert extent_at(case["prefix"], case.get("suffix", ""), language) == case["extent"]


def _situation(case: dict[str, Any]) -> Situation:
    prefix, suffix = case["prefix"], case.get("suffix", "")
    language = case.get("language", "python")
    extent = case.get("extent") or extent_at(prefix, suffix, language)
    return Situation(prefix, suffix, language, extent, case.get("max_lines", 20))


@pytest.mark.parametrize("case", _cases(*RULES))
def test_rule(case: dict[str, Any]) -> None:
    judgement = Judge(_situation(case)).judge(case["raw"], ended=case.get("ended", "end"))
    assert judgement == Judgement(case["text"], case["reason"])


@pytest.mark.parametrize("case", _cases(*RULES))
def test_rule_while_streaming(case: dict[str, Any]) -> None:
    """Char by char the outcome is the same, and the text shown on the way only grows."""
    judge = Judge(_situation(case))
    raw, shown = case["raw"], ""
    for length in range(len(raw) + 1):
        judgement = judge.judge(raw[:length], ended=None)
        if judgement.reason:
            break
        assert judgement.text.startswith(shown)
        shown = judgement.text
    else:
        judgement = judge.judge(raw, ended=case.get("ended", "end"))
    assert judgement.text == case["text"]
    if not case.get("retracts", False):
        assert judgement.text.startswith(shown)
