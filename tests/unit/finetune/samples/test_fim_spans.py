"""Each kind of span ends where an editor would."""

from __future__ import annotations

from random import Random

import pytest

from jupyter_safecoder.finetune.recipe import SPAN_SHARES
from jupyter_safecoder.finetune.samples.fim_spans import (
    SPAN_KINDS,
    rest_of_line,
    sample_fim_span,
    span_count,
    to_block_end,
    whole_line,
    within_line,
)

CODE = """\
def mean(values):
    total = 0
    for value in values:
        total += value

    return total / len(values)

print(mean([1, 2, 3]), 'done')
"""
INNER = CODE.index("total += value") + 3


def text(span: tuple[int, int] | None) -> str:
    assert span is not None
    return CODE[slice(*span)]


def test_lines() -> None:
    assert text(rest_of_line(CODE, INNER, Random(0))) == "al += value"
    assert text(whole_line(CODE, INNER, Random(0))) == "total += value"
    assert "total += value".startswith(text(within_line(CODE, CODE.index("total +="), Random(0))))


def test_a_block_ends_where_the_indentation_falls() -> None:
    cursor = CODE.index("for value")
    ends = {text(to_block_end(CODE, cursor, Random(seed))) for seed in range(10)}
    assert ends == {CODE[cursor : CODE.index("\n\nprint")]}
    inner = {text(to_block_end(CODE, INNER, Random(seed))) for seed in range(10)}
    assert inner == {"al += value", "total += value"}


def test_brackets_and_quotes_are_filled() -> None:
    line = CODE.index("print")
    filled = [SPAN_KINDS["in_brackets"](CODE, line, Random(seed)) for seed in range(40)]
    assert {CODE[span[1]] for span in filled if span} <= set("])'")
    assert all(span and span[0] <= span[1] for span in filled)
    assert SPAN_KINDS["in_brackets"]("x = 1", 0, Random(0)) is None


@pytest.mark.parametrize("kind", SPAN_KINDS)
def test_spans_are_in_the_text_and_not_empty(kind: str) -> None:
    random = Random(kind)
    found = [sample_fim_span(CODE, random, {kind: 1.0}) for _ in range(200)]
    spans = [span for span in found if span is not None]
    assert spans
    for start, stop in spans:
        assert 0 <= start < stop <= len(CODE)
        assert CODE[start:stop].strip()
        assert CODE[start:stop].count("\n") < 12


def test_the_same_seed_draws_the_same_spans() -> None:
    drawn = [
        [sample_fim_span(CODE, random, SPAN_SHARES) for _ in range(20)]
        for random in (Random(1), Random(1))
    ]
    assert drawn[0] == drawn[1]


def test_a_long_middle_is_none() -> None:
    assert sample_fim_span("x" * 1000, Random(0), {"whole_line": 1.0}) is None


@pytest.mark.parametrize(("characters", "count"), [(3, 0), (8, 1), (120, 2), (10_000, 12)])
def test_the_number_of_spans_of_a_cell(characters: int, count: int) -> None:
    assert span_count("x" * characters) == count
