"""Percentiles of reports."""

from __future__ import annotations

import pytest

from jupyter_safecoder.evaluation.percentiles import percentiles


@pytest.mark.parametrize(
    ("values", "p50", "p95"),
    [
        ([], None, None),
        ([2.345], 2.35, 2.35),
        ([1, 3], 2.0, 2.9),
        (list(range(101)), 50.0, 95.0),
    ],
)
def test_percentiles(values: list[float], p50: float | None, p95: float | None) -> None:
    assert percentiles(values) == {"p50": p50, "p95": p95}


def test_the_order_does_not_matter() -> None:
    assert percentiles([3, 1, 2]) == percentiles([1, 2, 3])
