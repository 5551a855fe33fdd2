"""What happened in the last day, in memory: for the page of those who administer."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, fields
from datetime import datetime, timezone
from statistics import median
from typing import Any

from jupyter_safecoder.hub.accounting.record import REQUESTS, Record

from .latency_histogram import LatencyHistogram

DAY_MINUTES = 1440
#: Who asked within these seconds is on.
ON_S = 300.0
#: The protocol's codes of errors: any other outcome, but ``refused``, is an answer.
ERRORS = frozenset(
    {
        *("bad_request", "too_large", "unauthorized", "forbidden", "not_found", "queue_full"),
        *("not_ready", "runtime_unavailable", "engine_failed", "internal"),
    }
)
#: Different reasons that are told apart in a minute, times kept of each person, lines of lists.
_KINDS, _TIMES, _LINES = 16, 64, 30
#: A clock may be so many seconds ahead of ours.
_AHEAD_S = 60.0


@dataclass
class MinuteBucket:
    """Sums over one or more minutes; ``people`` has a bit for each person."""

    requests: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    refusals: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    ttft: LatencyHistogram = field(default_factory=LatencyHistogram)
    people: int = 0

    @property
    def refused(self) -> int:
        """How many requests were refused."""
        return self.refusals.total()

    @property
    def failed(self) -> int:
        """How many requests ended with an error."""
        return self.errors.total()

    @property
    def answered(self) -> int:
        """How many requests had an answer, or were cancelled by who asked."""
        return self.requests - self.refused - self.failed

    @property
    def people_count(self) -> int:
        """How many different people asked."""
        return self.people.bit_count()

    def merge(self, other: MinuteBucket) -> None:
        """Add another's sums."""
        self.requests += other.requests
        self.prompt_tokens += other.prompt_tokens
        self.completion_tokens += other.completion_tokens
        self.refusals += other.refusals
        self.errors += other.errors
        self.ttft.merge(other.ttft)
        self.people |= other.people


@dataclass
class ActiveUser:
    """Somebody who is on, since the first request of this visit; times in seconds of the epoch."""

    name: str
    group: str
    adapter: str
    since: float
    last: float
    requests: int = 0
    refused: int = 0
    tokens: int = 0
    times: deque[float] = field(default_factory=lambda: deque(maxlen=_TIMES))

    @property
    def ttft_ms(self) -> float | None:
        """The median time to the first token of the last requests."""
        return median(self.times) if self.times else None


@dataclass
class ErrorGroup:
    """Errors of one kind, one after the other."""

    time: float
    outcome: str
    group: str
    adapter: str
    count: int = 1


@dataclass(frozen=True)
class AdminAction:
    """What an administrator or a trainer did."""

    time: float
    person: str
    action: str
    outcome: str
    reason: str


class LiveStats:
    """Takes a record of each request; what it keeps is bounded by a day and by the Hub's people.

    Parameters
    ----------
    clock
        Seconds of the epoch.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self.clock = clock
        self._minutes: dict[int, MinuteBucket] = {}
        self._bits: dict[str, int] = {}
        self._on: dict[str, ActiveUser] = {}
        self.troubles: deque[ErrorGroup] = deque(maxlen=_LINES)
        self.acts: deque[AdminAction] = deque(maxlen=_LINES)

    def take(self, record: Record) -> None:
        """Count a record; one of more than a day ago does nothing."""
        now = self.clock()
        when = _seconds(record.time, now)
        if when <= now - 60 * DAY_MINUTES:
            return
        if record.action == "look":
            return  # the service's own, whether its audit log can be written again
        if record.action not in REQUESTS:
            act = (record.person, record.action, record.outcome, record.reason)
            self.acts.appendleft(AdminAction(when, *act))
            return
        self._count(self._minute(when, now), record)
        self._see(record, when, now)
        if record.outcome in ERRORS:
            self._trouble(record, when)

    def rebuild(self, entries: Iterable[dict[str, Any]]) -> None:
        """Count the lines of an audit log; what is no record is passed over."""
        for entry in entries:
            if (record := _record(entry)) is not None:
                self.take(record)

    def on(self) -> list[ActiveUser]:
        """Return who is on, the last first."""
        self._forget(self.clock())
        return sorted(self._on.values(), key=lambda one: -one.last)

    def last(self, minutes: int) -> MinuteBucket:
        """Return the sums of the last minutes, this one among them."""
        end = int(self.clock() // 60) + 1
        return self._sum(end - minutes, end)

    def day(self, step: int) -> tuple[float, list[MinuteBucket]]:
        """Return the last day in steps of minutes, and when it begins, in seconds of the epoch."""
        end = (int(self.clock() // 60) // step + 1) * step
        start = end - DAY_MINUTES
        return 60.0 * start, [self._sum(at, at + step) for at in range(start, end, step)]

    def _sum(self, start: int, end: int) -> MinuteBucket:
        whole = MinuteBucket()
        for minute in range(start, end):
            if minute in self._minutes:
                whole.merge(self._minutes[minute])
        return whole

    def _minute(self, when: float, now: float) -> MinuteBucket:
        number = int(when // 60)
        if number not in self._minutes:
            end = int(now // 60) + 2
            # Also what a clock that was ahead has left in the future.
            for old in [m for m in self._minutes if not end - DAY_MINUTES - 2 < m < end]:
                del self._minutes[old]
            self._minutes[number] = MinuteBucket()
        return self._minutes[number]

    def _count(self, minute: MinuteBucket, record: Record) -> None:
        minute.requests += 1
        minute.prompt_tokens += record.prompt_tokens
        minute.completion_tokens += record.completion_tokens
        minute.people |= 1 << self._bits.setdefault(record.person, len(self._bits))
        if record.outcome == "refused":
            _bounded(minute.refusals, record.reason)
        elif record.outcome in ERRORS:
            _bounded(minute.errors, record.outcome)
        if record.ttft_ms is not None:
            minute.ttft.add(record.ttft_ms)

    def _see(self, record: Record, when: float, now: float) -> None:
        if when <= now - ON_S:
            return
        one = self._on.get(record.person)
        if one is None or one.last <= now - ON_S:
            self._forget(now)
            one = ActiveUser(record.person, "", "", when, when)
            self._on[record.person] = one
        one.last = max(one.last, when)
        one.group, one.adapter = record.group or one.group, record.adapter
        one.requests += 1
        one.refused += record.outcome == "refused"
        one.tokens += record.prompt_tokens + record.completion_tokens
        if record.ttft_ms is not None:
            one.times.append(record.ttft_ms)

    def _trouble(self, record: Record, when: float) -> None:
        last = self.troubles[0] if self.troubles else None
        key = (record.outcome, record.group, record.adapter)
        if last and (last.outcome, last.group, last.adapter) == key:
            last.time, last.count = max(last.time, when), last.count + 1
        else:
            self.troubles.appendleft(ErrorGroup(when, *key))

    def _forget(self, now: float) -> None:
        self._on = {name: one for name, one in self._on.items() if one.last > now - ON_S}


def _record(entry: dict[str, Any]) -> Record | None:
    """Return the record of a line; ``None``: another kind of line, or one that somebody wrote."""
    sample = Record("")
    given = {f.name: entry[f.name] for f in fields(Record) if f.name in entry}
    for name, value in given.items():
        like = getattr(sample, name)
        number = like is None or isinstance(like, float)
        if not isinstance(value, (int, float) if number and value is not None else type(like)):
            return None
    return Record(**given) if "person" in given else None


def _bounded(counter: Counter[str], kind: str) -> None:
    counter[kind if kind in counter or len(counter) < _KINDS else "other"] += 1


def _seconds(told: str, now: float) -> float:
    """Return a record's time; now, where it is none or ahead of our clock."""
    try:
        when = datetime.fromisoformat(told)
    except (TypeError, ValueError):
        return now
    if when.tzinfo is None:
        when = when.replace(tzinfo=timezone.utc)
    seconds = when.timestamp()
    return seconds if seconds <= now + _AHEAD_S else now
