"""Bounds how often a user may report counts: pages of the extension report once a minute."""

from __future__ import annotations

import time
from collections import deque

from jupyter_safecoder.errors import RateLimited

#: Maximum number of reports of a user in a minute: those of several pages and servers.
MAX_REPORTS = 20
_MINUTE_S = 60.0
#: With more tracked users than this, those without a report for a minute are dropped.
_MAX_TRACKED_USERS = 1_000


class ReportLimits:
    """Counts the reports of each user."""

    def __init__(self) -> None:
        self._reports: dict[str, deque[float]] = {}

    def count(self, user: str) -> None:
        """Count a report.

        Raises
        ------
        RateLimited
            If the user has sent too many within a minute.
        """
        now = _now()
        times = self._reports.get(user)
        if times is None:
            if len(self._reports) >= _MAX_TRACKED_USERS:
                self._reports = {
                    one: sent for one, sent in self._reports.items() if now - sent[-1] < _MINUTE_S
                }
            times = self._reports[user] = deque(maxlen=MAX_REPORTS)
        if len(times) == MAX_REPORTS and now - times[0] < _MINUTE_S:
            raise RateLimited(
                f"You have sent more than {MAX_REPORTS} reports within a minute.",
                _MINUTE_S - (now - times[0]),
                "limit",
            )
        times.append(now)


def _now() -> float:
    return time.monotonic()
