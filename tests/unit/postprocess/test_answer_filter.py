"""The filter takes any text: it never raises, and what it shows only grows."""

from __future__ import annotations

import math
import random
import time

import pytest

from jupyter_safecoder.postprocess import AnswerFilter, FilterInput, Mode, ScoredToken, mode_at

FRAGMENTS = [
    *("\n", "\n", "\n    ", "\r\n", "\r", "\t", " ", "    ", "\n\n"),
    *"()[]{}'\"\\#:,.=/-",
    *('"""', "'''", "//", "--"),
    *("def ", "class ", "@", "import ", "from ", "return ", "else:", "x", "np.", "0, ", "foo(x)"),
    *("\U0001f600", "\ud83d", "\udc00", "\x00", "\u2028", "\u00e9", "\u4e2d", "\x0c", "%%bash\n"),
]


def _text(source: random.Random, max_fragments: int) -> str:
    return "".join(source.choices(FRAGMENTS, k=source.randrange(max_fragments)))


@pytest.mark.parametrize("language", ["python", "javascript", "sql"])
def test_any_text(language: str) -> None:
    for seed in range(300):
        _filter_any_text(seed, language)


def _filter_any_text(seed: int, language: str) -> None:
    source = random.Random(f"{language} {seed}")
    prefix, suffix, raw = (_text(source, size) for size in (20, 12, 30))
    mode: Mode = source.choice(["line", "block", mode_at(prefix, suffix, language)])
    answer_filter = AnswerFilter(
        FilterInput(
            prefix, suffix, language, mode, source.randrange(1, 6), source.choice((-math.inf, -9.0))
        )
    )
    tokens = [ScoredToken(end, -source.random()) for end in range(1, len(raw) + 1)]
    shown = ""
    for length in range(len(raw) + 1):
        filtered = answer_filter.apply(raw[:length], ended=None, tokens=tokens[:length])
        if filtered.reason is not None:
            break
        assert filtered.text.startswith(shown)
        shown = filtered.text
    for ended in ("end", "length", "deadline"):
        final = answer_filter.apply(raw, ended=ended, tokens=tokens)
        assert final.reason is not None
        shows_all = all(c.isprintable() or c in "\t\n" or c in prefix for c in final.text)
        assert shows_all or final.text.isspace()
        if final.text:
            assert final.reason not in ("blank", "duplicate")
        else:
            cut_off = ("length", "deadline", "lines", "low_confidence", "invisible", "command")
            assert final.reason in ("blank", "duplicate", *cut_off)


def test_text_is_shown_as_it_is_written() -> None:
    answer_filter = AnswerFilter(FilterInput("df = ", "\ndf.head()", "python", "line", 1))
    assert answer_filter.apply("pd", ended=None).text == "pd"
    assert answer_filter.apply("pd.read ", ended=None).text == "pd.read"


def test_a_line_is_held_back_until_the_model_has_shown_how_sure_it_is() -> None:
    answer_filter = AnswerFilter(FilterInput("", "", "python", "block", 9, -3.0))
    tokens = [ScoredToken(end, -0.1) for end in (5, 6, 11, 12)]
    assert answer_filter.apply("x = 1", ended=None, tokens=tokens[:1]).text == ""
    assert answer_filter.apply("x = 1\n", ended=None, tokens=tokens[:2]).text == "x = 1"
    assert answer_filter.apply("x = 1\ny = 2", ended=None, tokens=tokens[:3]).text == "x = 1"
    text = "x = 1\ny = 2\n"
    assert answer_filter.apply(text, ended=None, tokens=tokens).text == "x = 1\ny = 2"
    assert answer_filter.apply("x = 1", ended=None, tokens=None).text == "x = 1"


def test_a_line_is_held_back_until_it_it_differs_from_the_line_below() -> None:
    answer_filter = AnswerFilter(FilterInput("", "\nplt.show()", "python", "block", 9))
    assert answer_filter.apply("x = 1\nplt.s", ended=None).text == "x = 1"
    assert answer_filter.apply("x = 1\nplt.sa", ended=None).text == "x = 1\nplt.sa"


def test_a_bracket_is_held_back_until_the_answer_goes_on() -> None:
    answer_filter = AnswerFilter(FilterInput("print(", ")", "python", "line", 9))
    assert answer_filter.apply("foo(x)", ended=None).text == "foo(x"
    assert answer_filter.apply("foo(x) +", ended=None).text == "foo(x) +"


def test_the_cost_does_not_grow_with_the_cell() -> None:
    body = 'def f(x):\n    """Sum."""\n    return g(x, [1, 2], "a")  # note\n\n\n'
    large = AnswerFilter(FilterInput(body * 500, "\n" + body * 120, "python", "block", 20))
    small = AnswerFilter(FilterInput(body, "\n" + body, "python", "block", 20))
    answer = "\n".join(f"v{n} = g({n}, 'a')" for n in range(15))

    def seconds(answer_filter: AnswerFilter) -> float:
        start = time.perf_counter()
        for length in range(0, len(answer), 5):
            answer_filter.apply(answer[:length], ended=None)
        return time.perf_counter() - start

    assert min(seconds(large) for _ in range(5)) < 8 * min(seconds(small) for _ in range(5))
