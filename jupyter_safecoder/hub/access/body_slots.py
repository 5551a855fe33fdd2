"""Bounds the bodies that the service receives and holds at once, of one user and of all."""

from __future__ import annotations

import math
import time
from collections import Counter

from jupyter_safecoder.errors import RateLimited

#: Maximum number of bodies of one user that are received at once.
MAX_RECEIVED = 8
#: A larger body than an editor sends. A user may have one at a time, and the next one this many
#: seconds after it is answered.
LARGE_BYTES, LARGE_PAUSE_S = 2**17, 1.0
#: Maximum bytes of the bodies of one user, and of all users, until they are answered.
MAX_USER_BYTES, MAX_TOTAL_BYTES = 32 * 2**20, 256 * 2**20
_RETRY_AFTER_S = 1.0


class BodySlot:
    """The place of one body; both of its ends may be reported more than once.

    Parameters
    ----------
    slots
        Where it was taken.
    user
        The user who sends the body.
    size
        In bytes.
    is_large
        Whether a pause follows it.
    """

    def __init__(self, slots: BodySlots, user: str, size: int, *, is_large: bool) -> None:
        self._slots = slots
        self._user = user
        self._size = size
        self._is_large = is_large
        self._receiving = self._held = size > 0

    def received(self) -> None:
        """Let the user send another body: this one is complete."""
        if self._receiving:
            self._receiving = False
            self._slots.end_receiving(self._user)

    def release(self) -> None:
        """Give the bytes back: the request is answered, or its client is gone."""
        self.received()
        if self._held:
            self._held = False
            self._slots.release(self._user, self._size, is_large=self._is_large)


class BodySlots:
    """Counts bodies and their bytes by user."""

    def __init__(self) -> None:
        self._received: Counter[str] = Counter()
        #: Until when each user may send no other large body.
        self._large_until: dict[str, float] = {}
        self._bytes: Counter[str] = Counter()

    @property
    def total_bytes(self) -> int:
        """Bytes of the bodies of all users."""
        return self._bytes.total()

    def take(self, user: str, size: int, *, bulk: bool = False) -> BodySlot:
        """Return a place for a body.

        Parameters
        ----------
        user
            The user who sends it.
        size
            In bytes, as its client declares it; 0: there is no body.
        bulk
            Whether it is meant to be large, and other rules say how many there may be.

        Raises
        ------
        RateLimited
            If the user sends too many at once, or the service has no memory for it.
        """
        if not size:
            return BodySlot(self, user, size, is_large=False)
        if self._received[user] >= MAX_RECEIVED:
            raise _limited(f"You send more than {MAX_RECEIVED} requests at the same moment.")
        is_large = size > LARGE_BYTES and not bulk
        if is_large and self._large_until.get(user, 0.0) > _now():
            raise _limited("Your last large request was a moment ago.")
        if self._bytes[user] + size > MAX_USER_BYTES:
            raise _limited("Your requests that are not answered yet are too large together.")
        if self.total_bytes + size > MAX_TOTAL_BYTES:
            raise _limited("The requests of all users are too large together.")
        self._received[user] += 1
        self._bytes[user] += size
        if is_large:
            self._large_until[user] = math.inf
        return BodySlot(self, user, size, is_large=is_large)

    def end_receiving(self, user: str) -> None:
        """Count a body less that is received."""
        _subtract(self._received, user, 1)

    def release(self, user: str, size: int, *, is_large: bool) -> None:
        """Give the bytes of a body back."""
        _subtract(self._bytes, user, size)
        if is_large:
            now = _now()
            self._large_until = {u: until for u, until in self._large_until.items() if until > now}
            self._large_until[user] = now + LARGE_PAUSE_S


def _subtract(counter: Counter[str], user: str, number: int) -> None:
    counter[user] -= number
    if counter[user] <= 0:
        del counter[user]


def _now() -> float:
    return time.monotonic()


def _limited(reason: str) -> RateLimited:
    return RateLimited(reason, _RETRY_AFTER_S, "bodies")
