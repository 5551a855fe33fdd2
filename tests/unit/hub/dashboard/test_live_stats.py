"""A day in memory: what is counted, what is forgotten, whatever clocks say."""

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
from jupyter_safecoder.hub.dashboard.formatting import ago, count, milliseconds, short, size
from jupyter_safecoder.hub.dashboard.latency_histogram import BOUNDS_MS, LatencyHistogram
from jupyter_safecoder.hub.dashboard.live_stats import DAY_MINUTES, ON_S, LiveStats

NOON = datetime(2026, 3, 2, 12, tzinfo=timezone.utc).timestamp()


class Clock:
    """Says what it is told to."""

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


def record(clock: Clock, person: str = "ada", **changes: Any) -> Record:
    """Return a record of now."""
    made = {"outcome": "end", "group": "vision", "time": clock.text(), **changes}
    return Record(person, **made)


def test_sums_of_minutes(clock: Clock) -> None:
    figures = LiveStats(clock)
    figures.take(record(clock, prompt_tokens=100, completion_tokens=7, ttft_ms=50.0))
    figures.take(record(clock, outcome="refused", reason="limit"))
    figures.take(record(clock, "bob", outcome="cancelled"))
    clock.now += 600
    figures.take(record(clock, "bob", outcome="engine_failed", action="text"))
    now, both = figures.last(5), figures.last(15)
    assert (now.requests, now.failed, now.answered, now.people_count) == (1, 1, 0, 1)
    assert (both.requests, both.refused, both.failed, both.answered) == (4, 1, 1, 2)
    assert (both.prompt_tokens, both.completion_tokens, both.people_count) == (100, 7, 2)
    assert (both.refusals["limit"], both.errors["engine_failed"]) == (1, 1)


def test_a_day_in_steps_ends_now(clock: Clock) -> None:
    figures = LiveStats(clock)
    figures.take(record(clock))
    clock.now += 7 * 60
    figures.take(record(clock))
    start, steps = figures.day(10)
    assert len(steps) == 144
    assert start == NOON + 600 - 60 * DAY_MINUTES
    assert [step.requests for step in steps[-2:]] == [0, 2]
    clock.now += 5 * 60
    assert [step.requests for step in figures.day(10)[1][-2:]] == [2, 0]


def test_what_is_a_day_old_is_forgotten(clock: Clock) -> None:
    figures = LiveStats(clock)
    for _ in range(3 * DAY_MINUTES):
        clock.now += 60
        figures.take(record(clock))
    assert figures.last(DAY_MINUTES).requests == DAY_MINUTES
    assert len(figures._minutes) <= DAY_MINUTES + 3


@pytest.mark.parametrize("time", ["", "yesterday", "2999-01-01T00:00:00+00:00", "2026-03-02"])
def test_a_clock_that_is_wrong_breaks_nothing(clock: Clock, time: str) -> None:
    clock.now = NOON
    figures = LiveStats(clock)
    figures.take(record(clock, time=time))
    assert figures.last(DAY_MINUTES).requests == 1
    # Ours is put back by two days, and goes on.
    clock.now -= 2 * 86400
    figures.take(record(clock))
    assert figures.last(DAY_MINUTES).requests == 1
    clock.now += 2 * 86400
    assert figures.last(1).requests <= 1


def test_old_records_do_nothing(clock: Clock) -> None:
    figures = LiveStats(clock)
    figures.take(record(clock, time="2026-02-20T12:00:00+00:00", outcome="internal"))
    assert figures.last(DAY_MINUTES).requests == 0
    assert not figures.on()
    assert not figures.troubles


def test_who_is_on(clock: Clock) -> None:
    figures = LiveStats(clock)
    for ttft in (30.0, 50.0, 400.0):
        figures.take(record(clock, prompt_tokens=10, completion_tokens=2, ttft_ms=ttft))
    clock.now += 60
    figures.take(record(clock, "bob", adapter="ours", outcome="refused", group=""))
    bob, ada = figures.on()
    assert (ada.name, ada.requests, ada.tokens, ada.ttft_ms) == ("ada", 3, 36, 50.0)
    assert (bob.name, bob.adapter, bob.refused, bob.ttft_ms) == ("bob", "ours", 1, None)
    clock.now += ON_S - 30
    assert [one.name for one in figures.on()] == ["bob"]
    # Who comes again begins anew.
    clock.now += ON_S
    figures.take(record(clock))
    [ada] = figures.on()
    assert ada.requests == 1


def test_errors_of_one_kind_are_one_line(clock: Clock) -> None:
    figures = LiveStats(clock)
    for outcome in ("internal", "internal", "runtime_unavailable", *["internal"] * 3):
        clock.now += 1
        figures.take(record(clock, outcome=outcome))
    told = [(trouble.outcome, trouble.count) for trouble in figures.troubles]
    assert told == [("internal", 3), ("runtime_unavailable", 1), ("internal", 2)]
    for number in range(1000):
        figures.take(record(clock, outcome=("internal", "not_ready")[number % 2]))
    assert len(figures.troubles) == 30


def test_made_up_reasons_are_bounded(clock: Clock) -> None:
    figures = LiveStats(clock)
    for number in range(500):
        figures.take(record(clock, outcome="refused", reason=f"reason {number}"))
    refusals = figures.last(1).refusals
    assert len(refusals) <= 17
    assert refusals["other"] > 400


def test_acts_are_no_requests(clock: Clock) -> None:
    figures = LiveStats(clock)
    figures.take(record(clock, "dana", action="drain", outcome="done"))
    assert figures.last(5).requests == 0
    assert not figures.on()
    assert [(act.person, act.action) for act in figures.acts] == [("dana", "drain")]


def test_a_restart_finds_the_last_day_in_the_audit_log(clock: Clock, tmp_path: Path) -> None:
    audit = AuditLog(tmp_path, rotate_bytes=4000)
    figures = LiveStats(clock)
    clock.now -= 3 * 86400
    while clock.now < NOON:
        clock.now += 3600
        made = record(clock, prompt_tokens=5, ttft_ms=40.0)
        audit.write(asdict(made))
        figures.take(made)
    files = sorted(tmp_path.glob("*.jsonl"))
    assert len(files) > 5
    last = files[-1].read_bytes()
    person = json.dumps({**asdict(made), "prompt_tokens": "many"}).encode()
    files[-1].write_bytes(b'[]\n{"time": 3}\nnoise\n' + last + person + b'\n{"torn": ')
    clock.now -= 86400
    since = clock.text()
    clock.now += 86400
    again = LiveStats(clock)
    again.rebuild(entries_since(tmp_path, since))
    assert again.last(DAY_MINUTES) == figures.last(DAY_MINUTES)
    assert again.last(DAY_MINUTES).requests == 24
    assert [one.name for one in again.on()] == ["ada"]


def test_only_the_files_at_the_end_are_read(clock: Clock, tmp_path: Path) -> None:
    audit = AuditLog(tmp_path, rotate_bytes=4000)
    for _ in range(60):
        clock.now += 60
        audit.write(asdict(record(clock)))
    sorted(tmp_path.glob("*.jsonl"))[0].write_bytes(b"")
    clock.now -= 120
    assert len(list(entries_since(tmp_path, clock.text()))) == 3
    assert list(entries_since(tmp_path / "none", "")) == []


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


@pytest.mark.parametrize(
    ("told", "text"),
    [
        (count(0), "0"),
        (count(0.333), "0.33"),
        (count(12), "12"),
        (count(1234), "1,234"),
        (count(12_345), "12.3 k"),
        (count(999_700), "1,000 k"),
        (count(3_456_789), "3.46 M"),
        (milliseconds(None), "—"),
        (milliseconds(84.6), "85 ms"),
        (milliseconds(1234), "1.23 s"),
        (ago(-3), "0 s ago"),
        (ago(200), "3 min ago"),
        (ago(8000), "2 h ago"),
        (size(39_000_000), "39 MB"),
        (size(1_210_000_000), "1.21 GB"),
        (short("a\nb\x1b\u202e"), "a�b��"),
        (short("x" * 32), "x" * 32),
        (short("x" * 33), "x" * 31 + "…"),
    ],
)
def test_words_for_values(told: str, text: str) -> None:
    assert told == text
