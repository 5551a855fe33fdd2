"""How much a person may ask for in a minute, and use in a day."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from datetime import datetime, timezone

from jupyter_safecoder.errors import LimitReached, UsageUnavailable

from .policy import Grant

_MINUTE_S = 60.0
#: For so long a count of the database holds.
_FRESH_S = 2.0
#: Beyond so many people, those who have been quiet for a minute are forgotten.
_MANY = 1_000


class Limits:
    """Says when it is enough.

    Parameters
    ----------
    tokens_today
        What a person has used today; may raise whatever a database raises.
    """

    def __init__(self, tokens_today: Callable[[str], int]) -> None:
        self._tokens_today = tokens_today
        self._asked: dict[str, deque[float]] = {}
        self._used: dict[str, tuple[float, str, int]] = {}

    async def admit(self, person: str, grant: Grant) -> None:
        """Note that somebody asks.

        Raises
        ------
        LimitReached
            If they may not now.
        Uncounted
            If the database does not answer, and has not today.
        """
        now = _now()
        if len(self._asked) + len(self._used) > _MANY:
            self._forget(now)
        if grant.tokens_a_day and await self._tokens(person, now) >= grant.tokens_a_day:
            raise LimitReached(
                f"The {grant.tokens_a_day:,} tokens of this day are used.", _until_midnight()
            )
        if not grant.requests_a_minute:
            return
        asked = self._asked.setdefault(person, deque())
        while asked and now - asked[0] >= _MINUTE_S:
            asked.popleft()
        if len(asked) >= grant.requests_a_minute:
            raise LimitReached(
                f"More than {grant.requests_a_minute} requests a minute.",
                _MINUTE_S - (now - asked[0]),
            )
        asked.append(now)

    async def _tokens(self, person: str, now: float) -> int:
        from sqlalchemy.exc import SQLAlchemyError

        today = datetime.now(timezone.utc).date().isoformat()
        known = self._used.get(person)
        if known and known[1] == today and now - known[0] < _FRESH_S:
            return known[2]
        try:
            tokens = await asyncio.to_thread(self._tokens_today, person)
        except (SQLAlchemyError, OSError) as error:
            if known and known[1] == today:
                return known[2]
            raise UsageUnavailable from error
        self._used[person] = (now, today, tokens)
        return tokens

    def _forget(self, now: float) -> None:
        self._asked = {p: a for p, a in self._asked.items() if a and now - a[-1] < _MINUTE_S}
        self._used = {p: u for p, u in self._used.items() if now - u[0] < _MINUTE_S}


def _now() -> float:
    return time.monotonic()


def _until_midnight() -> float:
    now = datetime.now(timezone.utc)
    return 86400.0 - (now.hour * 3600 + now.minute * 60 + now.second)
