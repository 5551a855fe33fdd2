"""How often a user may report counts."""

from __future__ import annotations

import pytest

from jupyter_safecoder.errors import RateLimited
from jupyter_safecoder.hub.access import report_limits
from jupyter_safecoder.hub.access.report_limits import MAX_REPORTS, ReportLimits


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return the time, which the test changes."""
    now = [0.0]
    monkeypatch.setattr(report_limits, "_now", lambda: now[0])
    return now


def test_a_user_reports_so_often_within_a_minute(clock: list[float]) -> None:
    limits = ReportLimits()
    for _ in range(MAX_REPORTS):
        limits.count("ada")
    limits.count("bob")
    clock[0] = 59.0
    with pytest.raises(RateLimited) as raised:
        limits.count("ada")
    assert raised.value.retry_after_s == 1.0
    assert raised.value.kind == "limit"
    clock[0] = 60.0
    limits.count("ada")


def test_users_without_a_report_are_forgotten(clock: list[float]) -> None:
    limits = ReportLimits()
    for number in range(1_000):
        limits.count(f"user {number}")
    clock[0] = 60.0
    limits.count("ada")
    assert list(limits._reports) == ["ada"]
