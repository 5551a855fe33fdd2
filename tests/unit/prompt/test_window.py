"""The start of a window moves seldom, and the window is never too large or too small."""

from __future__ import annotations

import pytest

from jupyter_safecoder.prompt.window import anchored_first, anchored_start, tail


@pytest.mark.parametrize("budget", [1, 2, 7, 100, 2048])
def test_anchored_start(budget: int) -> None:
    starts = [anchored_start(length, budget) for length in range(5 * budget + 5)]
    assert starts == sorted(starts)
    assert all(
        0 <= length - start <= budget and (start == 0 or length - start >= budget - budget // 4)
        for length, start in enumerate(starts)
    )
    assert len(set(starts)) <= 5 * budget / max(1, budget // 4) + 6


@pytest.mark.parametrize("budget", [10, 64, 1000])
def test_anchored_first(budget: int) -> None:
    sizes = [(n * 7919) % budget + 1 for n in range(500)]
    firsts = [anchored_first(sizes[:n], budget) for n in range(1, 501)]
    assert firsts == sorted(firsts)
    assert all(0 < sum(sizes[first : n + 1]) <= budget for n, first in enumerate(firsts))


def test_the_window_moves_in_big_steps() -> None:
    firsts = [anchored_first([10] * n, 1000) for n in range(1, 1000)]
    assert len(set(firsts)) < 1000 / 25


def test_the_last_item_is_kept_even_if_it_is_large() -> None:
    """60 + 95 of 100: the first item goes, not both."""
    assert anchored_first([60, 95], 100) == 1


def test_a_tail_starts_with_a_line() -> None:
    text = "".join(f"line {n}\n" for n in range(1000))
    for length in range(200, len(text), 97):
        cut = tail(text[:length], 150)
        assert text[:length].endswith(cut)
        assert len(cut) <= 150
        assert cut.startswith("line")


def test_the_tail_of_one_endless_line() -> None:
    assert 75 <= len(tail("x" * 10_000, 150)) <= 150
