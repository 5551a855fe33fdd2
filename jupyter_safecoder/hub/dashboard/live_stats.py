"""Statistics of the last 24 hours, in memory, for the dashboard and the metrics."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, fields
from datetime import datetime, timezone
from statistics import median
from typing import Any

from jupyter_safecoder.hub.accounting.record import (
    PROBE_ACTION,
    REQUEST_ACTIONS,
    WARM_ACTION,
    Record,
    current_entry,
)

from .latency_histogram import LatencyHistogram

DAY_MINUTES = 1440
#: A user is active for so many seconds after a request.
ACTIVE_S = 300.0
#: The protocol's error codes: a request with any other outcome but ``refused`` was answered.
ERROR_CODES = frozenset(
    {
        *("bad_request", "too_large", "unauthorized", "forbidden", "not_found", "queue_full"),
        *("not_ready", "runtime_unavailable", "engine_failed", "internal"),
    }
)
#: Bounds of what is kept: distinct reasons in a minute, latencies of a user, errors and actions.
_MAX_REASONS, _MAX_LATENCIES, _MAX_ENTRIES = 16, 64, 30
#: A record may be from a clock that is ahead by so many seconds.
_MAX_CLOCK_SKEW_S = 60.0
#: What no user has asked for; version 0.1 wrote ``look``.
_INTERNAL_ACTIONS = frozenset({PROBE_ACTION, WARM_ACTION, "look"})


@dataclass
class MinuteBucket:
    """Sums over one or more minutes; ``users`` is a bit set with a bit for each user."""

    requests: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    refusals: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    ttft: LatencyHistogram = field(default_factory=LatencyHistogram)
    users: int = 0

    @property
    def refused(self) -> int:
        """Number of requests that were refused."""
        return self.refusals.total()

    @property
    def failed(self) -> int:
        """Number of requests that ended with an error."""
        return self.errors.total()

    @property
    def answered(self) -> int:
        """Number of requests that were completed, or cancelled by the client."""
        return self.requests - self.refused - self.failed

    @property
    def user_count(self) -> int:
        """Number of different users with a request."""
        return self.users.bit_count()

    def merge(self, other: MinuteBucket) -> None:
        """Add the sums of another bucket."""
        self.requests += other.requests
        self.prompt_tokens += other.prompt_tokens
        self.completion_tokens += other.completion_tokens
        self.refusals += other.refusals
        self.errors += other.errors
        self.ttft.merge(other.ttft)
        self.users |= other.users


@dataclass
class ActiveUser:
    """A user with a request in the last minutes; ``last`` is in seconds of the epoch."""

    name: str
    group: str
    adapter: str
    last: float
    requests: int = 0
    refused: int = 0
    tokens: int = 0
    latencies_ms: deque[float] = field(default_factory=lambda: deque(maxlen=_MAX_LATENCIES))

    @property
    def ttft_ms(self) -> float | None:
        """Median time to first token of the last requests, in milliseconds."""
        return median(self.latencies_ms) if self.latencies_ms else None


@dataclass
class ErrorGroup:
    """Consecutive errors of one kind; ``time`` is that of the last, in seconds of the epoch."""

    time: float
    outcome: str
    group: str
    adapter: str
    count: int = 1


@dataclass(frozen=True)
class AdminAction:
    """An action of an administrator or a trainer; ``time`` is in seconds of the epoch."""

    time: float
    user: str
    action: str
    outcome: str
    reason: str


class LiveStats:
    """Counts records; its size is bounded by a day and by the number of users.

    Parameters
    ----------
    clock
        Returns seconds of the epoch.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self.clock = clock
        self._minutes: dict[int, MinuteBucket] = {}
        self._user_bits: dict[str, int] = {}
        self._active: dict[str, ActiveUser] = {}
        self.errors: deque[ErrorGroup] = deque(maxlen=_MAX_ENTRIES)
        self.actions: deque[AdminAction] = deque(maxlen=_MAX_ENTRIES)
        #: Times to first token since this process started.
        self.ttft = LatencyHistogram()

    def observe(self, record: Record) -> None:
        """Count a record."""
        if record.action in REQUEST_ACTIONS and record.ttft_ms is not None:
            self.ttft.add(record.ttft_ms)
        self._add(record)

    def rebuild(self, entries: Iterable[dict[str, Any]]) -> None:
        """Count entries of an audit log; what is not a record is left out."""
        for entry in entries:
            if (record := _record(entry)) is not None:
                self._add(record)

    def active_users(self) -> list[ActiveUser]:
        """Return the active users, the one with the latest request first."""
        self._drop_inactive(self.clock())
        return sorted(self._active.values(), key=lambda user: -user.last)

    def last(self, minutes: int) -> MinuteBucket:
        """Return the sums of the last minutes, including the current one."""
        end = int(self.clock() // 60) + 1
        return self._sum(end - minutes, end)

    def day(self, step: int) -> tuple[float, list[MinuteBucket]]:
        """Return the start of the last day in seconds of the epoch, and its sums in steps.

        Parameters
        ----------
        step
            Minutes of a step.
        """
        end = (int(self.clock() // 60) // step + 1) * step
        start = end - DAY_MINUTES
        return 60.0 * start, [self._sum(at, at + step) for at in range(start, end, step)]

    def _add(self, record: Record) -> None:
        now = self.clock()
        when = _epoch_seconds(record.time, now)
        if when <= now - 60 * DAY_MINUTES or record.action in _INTERNAL_ACTIONS:
            return
        if record.action not in REQUEST_ACTIONS:
            action = (record.user, record.action, record.outcome, record.reason)
            self.actions.appendleft(AdminAction(when, *action))
            return
        self._count(self._minute(when, now), record)
        self._update_active(record, when, now)
        if record.outcome in ERROR_CODES:
            self._add_error(record, when)

    def _sum(self, start: int, end: int) -> MinuteBucket:
        total = MinuteBucket()
        for minute in range(start, end):
            if minute in self._minutes:
                total.merge(self._minutes[minute])
        return total

    def _minute(self, when: float, now: float) -> MinuteBucket:
        number = int(when // 60)
        if number not in self._minutes:
            end = int(now // 60) + 2
            # Minutes in the future too: a clock that was ahead may have left some.
            for old in [m for m in self._minutes if not end - DAY_MINUTES - 2 < m < end]:
                del self._minutes[old]
            self._minutes[number] = MinuteBucket()
        return self._minutes[number]

    def _count(self, minute: MinuteBucket, record: Record) -> None:
        minute.requests += record.count
        minute.prompt_tokens += record.prompt_tokens
        minute.completion_tokens += record.completion_tokens
        minute.users |= 1 << self._user_bits.setdefault(record.user, len(self._user_bits))
        if record.outcome == "refused":
            _count_bounded(minute.refusals, record.reason, record.count)
        elif record.outcome in ERROR_CODES:
            _count_bounded(minute.errors, record.outcome, record.count)
        if record.ttft_ms is not None:
            minute.ttft.add(record.ttft_ms)

    def _update_active(self, record: Record, when: float, now: float) -> None:
        if when <= now - ACTIVE_S:
            return
        user = self._active.get(record.user)
        if user is None or user.last <= now - ACTIVE_S:
            self._drop_inactive(now)
            user = ActiveUser(record.user, "", "", when)
            self._active[record.user] = user
        user.last = max(user.last, when)
        user.group, user.adapter = record.group or user.group, record.adapter
        user.requests += record.count
        user.refused += record.count * (record.outcome == "refused")
        user.tokens += record.prompt_tokens + record.completion_tokens
        if record.ttft_ms is not None:
            user.latencies_ms.append(record.ttft_ms)

    def _add_error(self, record: Record, when: float) -> None:
        last = self.errors[0] if self.errors else None
        key = (record.outcome, record.group, record.adapter)
        if last and (last.outcome, last.group, last.adapter) == key:
            last.time, last.count = max(last.time, when), last.count + record.count
        else:
            self.errors.appendleft(ErrorGroup(when, *key, record.count))

    def _drop_inactive(self, now: float) -> None:
        self._active = {
            name: user for name, user in self._active.items() if user.last > now - ACTIVE_S
        }


def _record(entry: dict[str, Any]) -> Record | None:
    """Return the record of an entry; ``None`` if it is another entry, or has other types."""
    entry = current_entry(entry)
    if "user" not in entry:
        return None
    sample = Record("")
    values = {f.name: entry[f.name] for f in fields(Record) if f.name in entry}
    for name, value in values.items():
        default = getattr(sample, name)
        is_number = default is None or isinstance(default, float)
        expected = (int, float) if is_number and value is not None else type(default)
        if not isinstance(value, expected):
            return None
    return Record(**values)


def _count_bounded(counter: Counter[str], reason: str, number: int) -> None:
    counter[reason if reason in counter or len(counter) < _MAX_REASONS else "other"] += number


def _epoch_seconds(timestamp: str, now: float) -> float:
    """Return the time of a record; now if it is malformed or too far ahead of this clock."""
    try:
        when = datetime.fromisoformat(timestamp)
    except (TypeError, ValueError):
        return now
    if when.tzinfo is None:
        when = when.replace(tzinfo=timezone.utc)
    seconds = when.timestamp()
    return seconds if seconds <= now + _MAX_CLOCK_SKEW_S else now
