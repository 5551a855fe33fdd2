"""Each rule by its cases, ``cases/<rule>.toml``; defaults of a case are in ``_filter_input``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from jupyter_safecoder.files.toml import read_toml
from jupyter_safecoder.postprocess import (
    AnswerFilter,
    FilteredAnswer,
    FilterInput,
    ScoredToken,
    mode_at,
    rules,
)

CASES = Path(__file__).parent / "cases"
#: Rules, and what only the filter as a whole decides; others have tests of their own.
NAMES = sorted({path.stem for path in CASES.glob("*.toml")} - {"mode", "indentation"})


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
    min_logprob = case.get("min_logprob", -3.0)
    return FilterInput(
        prefix,
        suffix,
        language,
        mode,
        case.get("max_lines", 20),
        min_logprob,
        allow_commands=case.get("allow_commands", False),
    )


def _answer(case: dict[str, Any]) -> tuple[str, list[ScoredToken] | None]:
    """Return the text that the model writes, and its tokens if the case has them."""
    if "tokens" not in case:
        return case["raw"], None
    raw, tokens = "", []
    for text, logprob in case["tokens"]:
        raw += text
        tokens.append(ScoredToken(len(raw), logprob))
    return raw, tokens


def test_each_rule_has_cases() -> None:
    files = Path(rules.__file__).parent.glob("*.py")
    assert {path.stem for path in files} - {"__init__"} == {*NAMES} - {"answer_filter"}


@pytest.mark.parametrize("case", _cases(*NAMES))
def test_rule(case: dict[str, Any]) -> None:
    raw, tokens = _answer(case)
    answer_filter = AnswerFilter(_filter_input(case))
    filtered = answer_filter.apply(raw, ended=case.get("ended", "end"), tokens=tokens)
    assert filtered == FilteredAnswer(case["text"], case["reason"])


@pytest.mark.parametrize("case", _cases(*NAMES))
def test_rule_while_streaming(case: dict[str, Any]) -> None:
    """Bit by bit the result is the same, and the text shown meanwhile only grows."""
    answer_filter = AnswerFilter(_filter_input(case))
    (raw, tokens), shown = _answer(case), ""
    lengths = range(len(raw) + 1) if tokens is None else [token.end for token in tokens]
    for number, length in enumerate(lengths, 1):
        known = None if tokens is None else tokens[:number]
        filtered = answer_filter.apply(raw[:length], ended=None, tokens=known)
        if filtered.reason:
            break
        assert filtered.text.startswith(shown)
        shown = filtered.text
    else:
        filtered = answer_filter.apply(raw, ended=case.get("ended", "end"), tokens=tokens)
    assert filtered.text == case["text"]
    if not case.get("retracts", False):
        assert filtered.text.startswith(shown)
