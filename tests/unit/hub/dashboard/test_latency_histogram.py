"""Quantiles of latencies that are counted in buckets."""

from __future__ import annotations

import pytest

from jupyter_safecoder.hub.dashboard.latency_histogram import BOUNDS_MS, LatencyHistogram


def test_quantiles_of_buckets() -> None:
    times = LatencyHistogram()
    assert times.quantile(0.5) is None
    for value in range(1, 101):
        times.add(float(value))
    assert times.quantile(0.5) == pytest.approx(50, abs=3)
    assert times.quantile(0.95) == pytest.approx(95, abs=3)
    slow = LatencyHistogram()
    slow.add(10.0**9)
    assert slow.quantile(0.5) == BOUNDS_MS[-1]
    times.merge(slow)
    assert sum(times.counts) == 101
    assert times.quantile(1.0) == BOUNDS_MS[-1]


def test_a_merged_histogram_has_both_sums() -> None:
    first, second = LatencyHistogram(), LatencyHistogram()
    first.add(10.0)
    second.add(30.0)
    first.merge(second)
    assert (sum(first.counts), first.sum_ms) == (2, 40.0)
    # A bound is part of the bucket below it.
    assert first.counts[BOUNDS_MS.index(10)] == first.counts[BOUNDS_MS.index(30)] == 1
