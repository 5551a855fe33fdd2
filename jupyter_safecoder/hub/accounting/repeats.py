"""Counts requests that fail again and again: one line of the audit log for many of a kind."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, replace

from .record import Record

MINUTE_S = 60.0
#: Lines of a kind that are written in a minute before the rest is counted. A client repeats what is
#: refused or excluded; the others are outcomes of usual typing too.
_MAX_LINES = {
    "refused": 1,
    "excluded": 1,
    "superseded": 60,
    "cancelled": 60,
    "deadline": 60,
    "not_ready": 60,
    "runtime_unavailable": 60,
}
_Kind = tuple[str, ...]


@dataclass
class _Minute:
    """A minute of one kind: when it began, how many lines were written, and the rest."""

    began: float
    lines: int = 0
    rest: Record | None = None


class Repeats:
    """The records of the last minute by kind: user, action, group, outcome and reason.

    Its methods may be called from several threads.
    """

    def __init__(self) -> None:
        self._minutes: dict[_Kind, _Minute] = {}
        self._lock = threading.Lock()

    def add(self, record: Record) -> list[Record]:
        """Return what is to be written now: the record, unless it is counted to be written later.

        Parameters
        ----------
        record
            A record. One with tokens, or with another outcome than a failure, is never counted.
        """
        maximum = _MAX_LINES.get(record.outcome)
        if maximum is None or record.prompt_tokens or record.completion_tokens:
            return [record]
        kind = (record.user, record.action, record.group, record.outcome, record.reason)
        now = _now()
        with self._lock:
            written = self._end(kind, now)
            minute = self._minutes.setdefault(kind, _Minute(now))
            if minute.lines < maximum:
                minute.lines += 1
                return [*written, record]
            if minute.rest is None:
                minute.rest = replace(record)
            else:
                minute.rest.count += 1
            return written

    def due(self) -> list[Record]:
        """Return the records that were counted in minutes that are over."""
        now = _now()
        with self._lock:
            return [one for kind in list(self._minutes) for one in self._end(kind, now)]

    def close(self) -> list[Record]:
        """Return all records that were counted and are not written yet."""
        with self._lock:
            minutes, self._minutes = self._minutes, {}
            return [minute.rest for minute in minutes.values() if minute.rest is not None]

    def _end(self, kind: _Kind, now: float) -> list[Record]:
        """Forget the minute of a kind if it is over, and return what was counted in it."""
        minute = self._minutes.get(kind)
        if minute is None or now - minute.began < MINUTE_S:
            return []
        del self._minutes[kind]
        return [] if minute.rest is None else [minute.rest]


def _now() -> float:
    return time.monotonic()
