"""``python -m benchmarks gateway``: a real Jupyter server, its runtime, and the scripted engine."""

from __future__ import annotations

import pytest

from tests.support.benchmarks import report_of


def test_the_times_of_a_few_requests(capsys: pytest.CaptureFixture[str]) -> None:
    report = report_of(capsys, "gateway", "--requests", 5)
    assert set(report) == {"requests", "request_bytes", "first_text_ms", "whole_ms"}
    assert report["requests"] == 5
    assert report["request_bytes"] > 1000
    for name in ("p50", "p95"):
        assert 0 < report["first_text_ms"][name] <= report["whole_ms"][name]
