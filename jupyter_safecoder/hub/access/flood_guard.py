"""Bounds what one user may ask of the service itself, whatever the policy allows.

It protects the service and not the engine, which has a queue of its own. All requests of a user
count, and separately those that were refused for what the user sent. The bounds are far above what
an editor sends.
"""

from __future__ import annotations

import time
from collections import deque

from jupyter_safecoder.errors import RateLimited, RequestDenied, SafeCoderError

#: Maximum number of requests of a user in a minute, and of those that were refused.
MAX_REQUESTS, MAX_REFUSALS = 3000, 60
#: Reason in the audit log of a request beyond these bounds.
FLOOD = "flood"
#: Reason in the audit log of a request whose body cannot be used.
INVALID = "invalid"
#: Reasons of refusals that the user could have known: those of the service do not count.
_OWN_REASONS = frozenset({"not granted", "no scope", "limit", "bodies", INVALID})
_MINUTE_S = 60.0
#: With more tracked users than this, those without a request for a minute are dropped.
_MAX_TRACKED_USERS = 1_000


class FloodGuard:
    """Counts the requests and the refusals of each user in the last minute."""

    def __init__(self) -> None:
        self._requests: dict[str, deque[float]] = {}
        self._refusals: dict[str, deque[float]] = {}

    def count_request(self, user: str) -> None:
        """Count a request.

        Raises
        ------
        RateLimited
            If the user has sent too many, or too many that were refused.
        """
        now = _now()
        self._check(self._refusals, user, MAX_REFUSALS, "requests that were refused", now)
        self._check(self._requests, user, MAX_REQUESTS, "requests", now)
        _add(self._requests, user, MAX_REQUESTS, now)

    def count_refusal(self, user: str, error: SafeCoderError) -> None:
        """Count a refusal, if the user could have known it.

        Parameters
        ----------
        user
            The user.
        error
            Why the request was refused.
        """
        reason = error.kind if isinstance(error, RequestDenied) else INVALID
        if reason in _OWN_REASONS:
            _add(self._refusals, user, MAX_REFUSALS, _now())

    def _check(
        self, counted: dict[str, deque[float]], user: str, maximum: int, what: str, now: float
    ) -> None:
        times = counted.get(user)
        if times is None:
            return
        while times and now - times[0] >= _MINUTE_S:
            times.popleft()
        if len(times) >= maximum:
            raise RateLimited(
                f"You have sent {maximum:,} {what} within a minute.",
                _MINUTE_S - (now - times[0]),
                FLOOD,
            )


def _add(counted: dict[str, deque[float]], user: str, maximum: int, now: float) -> None:
    if user not in counted and len(counted) >= _MAX_TRACKED_USERS:
        for one, times in list(counted.items()):
            if not times or now - times[-1] >= _MINUTE_S:
                del counted[one]
    counted.setdefault(user, deque(maxlen=maximum)).append(now)


def _now() -> float:
    return time.monotonic()
