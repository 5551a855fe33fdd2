"""Limits of what each user may request in a minute and use in a day."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from datetime import datetime, timezone

from jupyter_safecoder.errors import LimitReached, UsageUnavailable

from .policy import Grant

_MINUTE_S = 60.0
#: Seconds for which a count of the database is used again.
_USAGE_MAX_AGE_S = 2.0
#: With more tracked users than this, those without a request for a minute are dropped.
_MAX_TRACKED_USERS = 1_000


class Limits:
    """Counts each user's requests and compares them with the limits of the grant.

    Parameters
    ----------
    tokens_today
        Returns what a user has used today; may raise what a database raises.
    """

    def __init__(self, tokens_today: Callable[[str], int]) -> None:
        self._tokens_today = tokens_today
        self._requests: dict[str, deque[float]] = {}
        self._usage: dict[str, tuple[float, str, int]] = {}

    async def count_request(self, user: str, grant: Grant) -> None:
        """Count a request of a user.

        Raises
        ------
        LimitReached
            If the user has reached a limit of the grant.
        UsageUnavailable
            If the database does not answer, and no count of today is known.
        """
        now = _now()
        if len(self._requests) + len(self._usage) > _MAX_TRACKED_USERS:
            self._drop_idle(now)
        if grant.tokens_per_day and await self._tokens(user, now) >= grant.tokens_per_day:
            raise LimitReached(
                f"You have used the {grant.tokens_per_day:,} tokens of today.", _until_midnight_s()
            )
        if not grant.requests_per_minute:
            return
        times = self._requests.setdefault(user, deque())
        while times and now - times[0] >= _MINUTE_S:
            times.popleft()
        if len(times) >= grant.requests_per_minute:
            raise LimitReached(
                f"You have sent the maximum of {grant.requests_per_minute:,} requests per minute.",
                _MINUTE_S - (now - times[0]),
            )
        times.append(now)

    async def _tokens(self, user: str, now: float) -> int:
        from sqlalchemy.exc import SQLAlchemyError

        today = datetime.now(timezone.utc).date().isoformat()
        known = self._usage.get(user)
        if known and known[1] == today and now - known[0] < _USAGE_MAX_AGE_S:
            return known[2]
        try:
            tokens = await asyncio.to_thread(self._tokens_today, user)
        except (SQLAlchemyError, OSError) as error:
            if known and known[1] == today:
                return known[2]
            raise UsageUnavailable from error
        self._usage[user] = (now, today, tokens)
        return tokens

    def _drop_idle(self, now: float) -> None:
        self._requests = {
            user: times
            for user, times in self._requests.items()
            if times and now - times[-1] < _MINUTE_S
        }
        self._usage = {
            user: usage for user, usage in self._usage.items() if now - usage[0] < _MINUTE_S
        }


def _now() -> float:
    return time.monotonic()


def _until_midnight_s() -> float:
    now = datetime.now(timezone.utc)
    return 86400.0 - (now.hour * 3600 + now.minute * 60 + now.second)
