"""Jain's index of fairness."""

from __future__ import annotations

import pytest

from benchmarks.hub.fairness import jain


@pytest.mark.parametrize(
    ("shares", "index"),
    [([3, 3, 3], 1), ([1, 0, 0, 0], 0.25), ([1, 2], 0.9), ([0, 0], 1)],
)
def test_jain(shares: list[float], index: float) -> None:
    assert jain(shares) == pytest.approx(index)
