"""Each rule by its cases, ``cases/<rule>.toml``; defaults of a case are in ``_filter_input``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from jupyter_safecoder.postprocess import (
    AnswerFilter,
    FilteredAnswer,
    FilterInput,
    mode_at,
    rules,
)
from jupyter_safecoder.toml_file import read_toml

CASES = Path(__file__).parent / "cases"
#: Rules, and what only the filter as a whole decides.
NAMES = sorted(path.stem for path in CASES.glob("*.toml") if path.stem != "mode")


def _cases(*names: str) -> list[Any]:
    found = []
    for name in names:
        cases = read_toml(CASES / f"{name}.toml")["case"]
        found += [pytest.param(case, id=f"{name}-{case['name']}") for case in cases]
    return found


def _filter_input(case: dict[str, Any]) -> FilterInput:
    prefix, suffix = case["prefix"], case.get("suffix", "")
    language = case.get("language", "python")
    mode = case.get("mode") or mode_at(prefix, suffix, language)
    return FilterInput(prefix, suffix, language, mode, case.get("max_lines", 20))


def test_each_rule_has_cases() -> None:
    files = Path(rules.__file__).parent.glob("*.py")
    assert {path.stem for path in files} - {"__init__"} == {*NAMES} - {"answer_filter"}


@pytest.mark.parametrize("case", _cases(*NAMES))
def test_rule(case: dict[str, Any]) -> None:
    filtered = AnswerFilter(_filter_input(case)).apply(case["raw"], ended=case.get("ended", "end"))
    assert filtered == FilteredAnswer(case["text"], case["reason"])


@pytest.mark.parametrize("case", _cases(*NAMES))
def test_rule_while_streaming(case: dict[str, Any]) -> None:
    """Character by character the result is the same, and the text shown meanwhile only grows."""
    answer_filter = AnswerFilter(_filter_input(case))
    raw, shown = case["raw"], ""
    for length in range(len(raw) + 1):
        filtered = answer_filter.apply(raw[:length], ended=None)
        if filtered.reason:
            break
        assert filtered.text.startswith(shown)
        shown = filtered.text
    else:
        filtered = answer_filter.apply(raw, ended=case.get("ended", "end"))
    assert filtered.text == case["text"]
    if not case.get("retracts", False):
        assert filtered.text.startswith(shown)
