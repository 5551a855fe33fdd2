"""Answers in the indentation of the document, as a whole and while they grow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from jupyter_safecoder.files.toml import read_toml
from jupyter_safecoder.postprocess import AnswerFilter, FilterInput, ScoredToken
from jupyter_safecoder.postprocess.indentation import Reindented, find_indentation

CASES = read_toml(Path(__file__).parent / "cases" / "indentation.toml")["case"]


def _filter(case: dict[str, Any], min_logprob: float) -> AnswerFilter:
    return AnswerFilter(
        FilterInput(
            case["prefix"],
            case.get("suffix", ""),
            case.get("language", "python"),
            "block",
            20,
            min_logprob,
            case.get("above", ""),
        )
    )


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_case(case: dict[str, Any]) -> None:
    raw = case["raw"]
    answer_filter = _filter(case, -5.0)
    tokens = [ScoredToken(end, -0.001) for end in range(1, len(raw) + 1)]
    shown = ""
    for length in range(len(raw) + 1):
        filtered = answer_filter.apply(raw[:length], ended=None, tokens=tokens[:length])
        if filtered.reason is not None:
            break
        assert filtered.text.startswith(shown)
        assert (filtered.unconfirmed or filtered.text).startswith(filtered.text)
        shown = filtered.text
    final = answer_filter.apply(raw, ended=case.get("ended", "end"), tokens=tokens)
    assert final.text == case["text"]
    assert final.reason == case.get("reason", final.reason)


def test_tokens_keep_their_lines() -> None:
    """The line of which the model is unsure is the third, whatever the indentation became."""
    case = {"prefix": "def f(x):\n\t"}
    lines = ["a = 1\n", "    b = 2\n", "    c = 3\n", "    d = 4\n"]
    for unsure in range(1, 4):
        tokens, end = [], 0
        for number, line in enumerate(lines):
            for piece in (line[: len(line) - 3], line[-3:]):
                end += len(piece)
                tokens.append(ScoredToken(end, -4.0 if number == unsure else -0.1))
        final = _filter(case, -6.0).apply("".join(lines), ended="end", tokens=tokens)
        expected = ["a = 1", "\tb = 2", "\tc = 3", "\td = 4"][:unsure]
        assert (final.text, final.reason) == ("\n".join(expected), "low_confidence")


def test_offsets_follow_the_text() -> None:
    text = "a\n        b\n    c"
    changed = Reindented("a\n\t\tb\n\tc", ((2, 8, 2), (12, 4, 1)))
    assert [changed.offset(at) for at in (0, 2, 3, 10, 11, 12, 16, 17)] == [0, 2, 3, 4, 5, 6, 7, 8]
    assert changed.text[changed.offset(text.index("c"))] == "c"
    longer = Reindented("a\n    b", ((2, 1, 4),))
    assert [longer.offset(at) for at in (2, 3, 4)] == [2, 6, 7]


def test_the_level_of_spaces() -> None:
    def level(text: str) -> int | None:
        found = find_indentation(text, "")
        assert found is not None
        return found.level

    assert [level("if x:\n" + " " * width + "y") for width in (2, 3, 4, 8)] == [2, 3, 4, 4]
    assert level("if x:\n     y\n  z\n") is None
    assert find_indentation("x\n y", "") is None
