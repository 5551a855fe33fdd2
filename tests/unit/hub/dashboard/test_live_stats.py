"""Statistics of a day in memory: what is counted and dropped, whatever clocks say."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from jupyter_safecoder.hub.accounting.audit_chain import entries_since
from jupyter_safecoder.hub.accounting.audit_log import AuditLog
from jupyter_safecoder.hub.accounting.record import Record
from jupyter_safecoder.hub.dashboard.live_stats import ACTIVE_S, DAY_MINUTES, LiveStats

NOON = datetime(2026, 3, 2, 12, tzinfo=timezone.utc).timestamp()


class Clock:
    """Shows the time that a test sets."""

    def __init__(self, now: float = NOON) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def text(self) -> str:
        """Return the time as records have it."""
        return datetime.fromtimestamp(self.now, timezone.utc).isoformat(timespec="milliseconds")


@pytest.fixture
def clock() -> Clock:
    return Clock()


def record(clock: Clock, user: str = "ada", **changes: Any) -> Record:
    """Return a record of now."""
    made = {"outcome": "end", "group": "vision", "time": clock.text(), **changes}
    return Record(user, **made)


def test_sums_of_minutes(clock: Clock) -> None:
    stats = LiveStats(clock)
    stats.observe(record(clock, prompt_tokens=100, completion_tokens=7, ttft_ms=50.0))
    stats.observe(record(clock, outcome="refused", reason="limit"))
    stats.observe(record(clock, "bob", outcome="cancelled"))
    clock.now += 600
    stats.observe(record(clock, "bob", outcome="engine_failed", action="text"))
    now, both = stats.last(5), stats.last(15)
    assert (now.requests, now.failed, now.answered, now.user_count) == (1, 1, 0, 1)
    assert (both.requests, both.refused, both.failed, both.answered) == (4, 1, 1, 2)
    assert (both.prompt_tokens, both.completion_tokens, both.user_count) == (100, 7, 2)
    assert (both.refusals["limit"], both.errors["engine_failed"]) == (1, 1)


def test_a_prompt_in_advance_is_neither_a_request_nor_an_action(clock: Clock) -> None:
    stats = LiveStats(clock)
    stats.observe(record(clock, action="warm", outcome="superseded", prompt_tokens=100))
    minutes = stats.last(5)
    assert (minutes.requests, minutes.prompt_tokens, minutes.user_count) == (0, 0, 0)
    assert not stats.actions


def test_a_day_in_steps_ends_now(clock: Clock) -> None:
    stats = LiveStats(clock)
    stats.observe(record(clock))
    clock.now += 7 * 60
    stats.observe(record(clock))
    start, steps = stats.day(10)
    assert len(steps) == 144
    assert start == NOON + 600 - 60 * DAY_MINUTES
    assert [step.requests for step in steps[-2:]] == [0, 2]
    clock.now += 5 * 60
    assert [step.requests for step in stats.day(10)[1][-2:]] == [2, 0]


def test_what_is_a_day_old_is_forgotten(clock: Clock) -> None:
    stats = LiveStats(clock)
    for _ in range(3 * DAY_MINUTES):
        clock.now += 60
        stats.observe(record(clock))
    assert stats.last(DAY_MINUTES).requests == DAY_MINUTES
    assert len(stats._minutes) <= DAY_MINUTES + 3


@pytest.mark.parametrize("time", ["", "yesterday", "2999-01-01T00:00:00+00:00", "2026-03-02"])
def test_a_clock_that_is_wrong_breaks_nothing(clock: Clock, time: str) -> None:
    clock.now = NOON
    stats = LiveStats(clock)
    stats.observe(record(clock, time=time))
    assert stats.last(DAY_MINUTES).requests == 1
    # Ours is put back by two days, and goes on.
    clock.now -= 2 * 86400
    stats.observe(record(clock))
    assert stats.last(DAY_MINUTES).requests == 1
    clock.now += 2 * 86400
    assert stats.last(1).requests <= 1


def test_old_records_do_nothing(clock: Clock) -> None:
    stats = LiveStats(clock)
    stats.observe(record(clock, time="2026-02-20T12:00:00+00:00", outcome="internal"))
    assert stats.last(DAY_MINUTES).requests == 0
    assert not stats.active_users()
    assert not stats.errors


def test_active_users(clock: Clock) -> None:
    stats = LiveStats(clock)
    for ttft in (30.0, 50.0, 400.0):
        stats.observe(record(clock, prompt_tokens=10, completion_tokens=2, ttft_ms=ttft))
    clock.now += 60
    stats.observe(record(clock, "bob", adapter="ours", outcome="refused", group=""))
    bob, ada = stats.active_users()
    assert (ada.name, ada.requests, ada.tokens, ada.ttft_ms) == ("ada", 3, 36, 50.0)
    assert (bob.name, bob.adapter, bob.refused, bob.ttft_ms) == ("bob", "ours", 1, None)
    clock.now += ACTIVE_S - 30
    assert [one.name for one in stats.active_users()] == ["bob"]
    # After a pause a user is counted again from zero.
    clock.now += ACTIVE_S
    stats.observe(record(clock))
    [ada] = stats.active_users()
    assert ada.requests == 1


def test_errors_of_one_kind_are_one_line(clock: Clock) -> None:
    stats = LiveStats(clock)
    for outcome in ("internal", "internal", "runtime_unavailable", *["internal"] * 3):
        clock.now += 1
        stats.observe(record(clock, outcome=outcome))
    found = [(error.outcome, error.count) for error in stats.errors]
    assert found == [("internal", 3), ("runtime_unavailable", 1), ("internal", 2)]
    for number in range(1000):
        stats.observe(record(clock, outcome=("internal", "not_ready")[number % 2]))
    assert len(stats.errors) == 30


def test_the_number_of_reasons_is_bounded(clock: Clock) -> None:
    stats = LiveStats(clock)
    for number in range(500):
        stats.observe(record(clock, outcome="refused", reason=f"reason {number}"))
    refusals = stats.last(1).refusals
    assert len(refusals) <= 17
    assert refusals["other"] > 400


def test_actions_are_not_requests(clock: Clock) -> None:
    stats = LiveStats(clock)
    stats.observe(record(clock, "dana", action="drain", outcome="done"))
    assert stats.last(5).requests == 0
    assert not stats.active_users()
    assert [(action.user, action.action) for action in stats.actions] == [("dana", "drain")]


def test_a_restart_finds_the_last_day_in_the_audit_log(clock: Clock, tmp_path: Path) -> None:
    audit = AuditLog(tmp_path, rotate_bytes=4000)
    stats = LiveStats(clock)
    clock.now -= 3 * 86400
    while clock.now < NOON:
        clock.now += 3600
        made = record(clock, prompt_tokens=5, ttft_ms=40.0)
        audit.write(asdict(made))
        stats.observe(made)
    files = sorted(tmp_path.glob("*.jsonl"))
    assert len(files) > 5
    last = files[-1].read_bytes()
    malformed = json.dumps({**asdict(made), "prompt_tokens": "many"}).encode()
    files[-1].write_bytes(b'[]\n{"time": 3}\nnoise\n' + last + malformed + b'\n{"torn": ')
    clock.now -= 86400
    since = clock.text()
    clock.now += 86400
    again = LiveStats(clock)
    again.rebuild(entries_since(tmp_path, since))
    assert again.last(DAY_MINUTES) == stats.last(DAY_MINUTES)
    assert again.last(DAY_MINUTES).requests == 24
    assert [one.name for one in again.active_users()] == ["ada"]


def test_only_the_files_at_the_end_are_read(clock: Clock, tmp_path: Path) -> None:
    audit = AuditLog(tmp_path, rotate_bytes=4000)
    for _ in range(60):
        clock.now += 60
        audit.write(asdict(record(clock)))
    sorted(tmp_path.glob("*.jsonl"))[0].write_bytes(b"")
    clock.now -= 120
    assert len(list(entries_since(tmp_path, clock.text()))) == 3
    assert list(entries_since(tmp_path / "none", "")) == []


def test_latencies_of_this_process_are_summed_apart_from_those_of_the_log(clock: Clock) -> None:
    stats = LiveStats(clock)
    stats.rebuild([asdict(record(clock, ttft_ms=40.0))])
    assert sum(stats.ttft.counts) == 0
    stats.observe(record(clock, ttft_ms=50.0))
    stats.observe(record(clock, action="drain", ttft_ms=50.0))
    assert (sum(stats.ttft.counts), stats.ttft.sum_ms) == (1, 50.0)
    assert sum(stats.last(1).ttft.counts) == 2
    clock.now += 2 * 86400
    assert sum(stats.ttft.counts) == 1


def test_probes_of_the_service_are_not_actions(clock: Clock) -> None:
    stats = LiveStats(clock)
    for action in ("probe", "look"):
        stats.observe(record(clock, action=action, outcome="done"))
    assert not stats.actions
