"""The speed of completions after their first step."""

from __future__ import annotations

import pytest

from benchmarks.engines.engine_worker import Generated
from benchmarks.lookup import _tokens_per_s


def _generated(*times_ms: float) -> Generated:
    return Generated([1] * len(times_ms), list(times_ms), 0.0)


def test_tokens_of_the_first_step_do_not_count() -> None:
    # Two tokens in the first step; three more in 30 ms.
    assert _tokens_per_s([_generated(10, 10, 20, 30, 40)]) == pytest.approx(100)


def test_completions_are_weighted_by_their_time() -> None:
    speed = _tokens_per_s([_generated(0, 10), _generated(0, 40)])
    assert speed == pytest.approx(2 / 0.05)


def test_without_a_second_step_there_is_no_speed() -> None:
    assert _tokens_per_s([_generated(5, 5), _generated()]) == 0
