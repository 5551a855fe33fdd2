"""Bounds what one user may ask of the service itself, whatever the policy allows.

It protects the service and not the engine, which has a queue of its own. All requests of a user
count, and separately those that were refused for what the user sent. The bounds are far above what
an editor sends.
"""

from __future__ import annotations

import time
from collections import deque

from jupyter_safecoder.errors import RateLimited, RequestDenied, SafeCoderError

#: Maximum number of requests of a user in a second, in the long run, and at once after a pause.
REQUESTS_PER_S, MAX_BURST = 50, 100
#: Maximum number of requests of a user in a minute that are refused.
MAX_REFUSALS = 60
#: Maximum number of requests with unknown tokens in a second before each of them has to wait.
MAX_UNKNOWN_PER_S = 10
#: Reason in the audit log of a request beyond these bounds.
FLOOD = "flood"
#: Reason in the audit log of a request whose body cannot be used.
INVALID = "invalid"
#: Reasons of refusals that the user could have known: those of the service do not count.
_OWN_REASONS = frozenset({"not granted", "no scope", "limit", "bodies", INVALID})
_MINUTE_S = 60.0
#: With more tracked users than this, those of whom nothing counts any more are dropped.
_MAX_TRACKED_USERS = 1_000


class FloodGuard:
    """Counts the requests and the refusals of each user."""

    def __init__(self) -> None:
        #: When each user may have a full burst again.
        self._full_at: dict[str, float] = {}
        self._refusals: dict[str, deque[float]] = {}
        self._invalid: dict[str, deque[float]] = {}
        self._unknown: deque[float] = deque(maxlen=MAX_UNKNOWN_PER_S)

    def count_request(self, user: str) -> None:
        """Count a request.

        Raises
        ------
        RateLimited
            If the user has sent too many, or too many that were refused.
        """
        now = _now()
        _check(self._invalid, user, now)
        full_at = max(self._full_at.get(user, now), now) + 1 / REQUESTS_PER_S
        if (excess := full_at - now - MAX_BURST / REQUESTS_PER_S) > 0:
            raise RateLimited(
                f"You have sent more than {REQUESTS_PER_S} requests a second.", excess, FLOOD
            )
        if user not in self._full_at and len(self._full_at) >= _MAX_TRACKED_USERS:
            self._full_at = {one: at for one, at in self._full_at.items() if at > now}
        self._full_at[user] = full_at

    def count_unknown(self) -> bool:
        """Count a request with an unknown token; return whether there are too many."""
        now = _now()
        too_many = len(self._unknown) == MAX_UNKNOWN_PER_S and now - self._unknown[0] < 1
        self._unknown.append(now)
        return too_many

    def count_refusal(self, user: str, error: SafeCoderError, weight: int = 1) -> None:
        """Count a refusal, if the user could have known it.

        Parameters
        ----------
        user
            The user.
        error
            Why the request was refused.
        weight
            As how many refusals it counts: more than one where it took long to find the reason.

        Raises
        ------
        RateLimited
            If too many were refused: the reason that the user gets instead.
        """
        reason = error.kind if isinstance(error, RequestDenied) else INVALID
        if reason not in _OWN_REASONS:
            return
        # Whether another request is refused for its body is not known before the body is received.
        # What is refused before is checked again each time: the policy may have changed.
        counted = self._invalid if reason == INVALID else self._refusals
        now = _now()
        _check(counted, user, now)
        if user not in counted and len(counted) >= _MAX_TRACKED_USERS:
            for one, times in list(counted.items()):
                if now - times[-1] >= _MINUTE_S:
                    del counted[one]
        counted.setdefault(user, deque(maxlen=MAX_REFUSALS)).extend([now] * weight)


def _check(counted: dict[str, deque[float]], user: str, now: float) -> None:
    times = counted.get(user)
    if times is not None and len(times) == MAX_REFUSALS and now - times[0] < _MINUTE_S:
        raise RateLimited(
            f"You have sent {MAX_REFUSALS} requests within a minute that were refused.",
            _MINUTE_S - (now - times[0]),
            FLOOD,
        )


def _now() -> float:
    return time.monotonic()
