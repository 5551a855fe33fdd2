"""Latencies and shares of a run."""

from __future__ import annotations

import pytest

from benchmarks.browser.report import Press, share, summarize

PRESSES = [
    Press("type", 100.0, 180.0),
    Press("type", 300.0, 310.0),
    Press("take", 500.0, 560.0),
    Press("wrong", 700.0, 720.0),
    Press("correct", 900.0, 950.0),
    Press("type", 1100.0, None),
]


def test_only_keys_count_after_which_a_suggestion_is_wanted() -> None:
    report = summarize(PRESSES, [150.0, 320.0, 1150.0])
    assert report["keystroke_to_ghost_ms"] == {"p50": 60.0, "p95": 78.0}
    assert (report["keys"], report["answered"]) == (6, 3)


def test_a_request_counts_between_the_key_and_the_suggestion() -> None:
    report = summarize(PRESSES, [99.0, 150.0, 320.0, 565.0])
    assert report["answered_without_request"] == pytest.approx(2 / 3, abs=1e-4)
    assert report["requested_ghost_ms"] == {"p50": 80.0, "p95": 80.0}


def test_nothing_was_answered() -> None:
    report = summarize(PRESSES[-1:], [])
    assert report["answered_without_request"] is None
    assert report["keystroke_to_ghost_ms"] == {"p50": None, "p95": None}


def test_share() -> None:
    assert share(1, 3) == 0.3333
    assert share(1, 0) is None
