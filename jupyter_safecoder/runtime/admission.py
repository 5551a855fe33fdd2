"""Admission control: bounded concurrency, weighted fair queueing per user, superseding requests.

Plain data and futures, without HTTP and engine. A user has at most one request per document: a
newer one supersedes the older, whether that one waits or runs.

A request in advance (of the background) takes no slot. It runs only while there is nothing else,
and any other request ends it.

The order is that of weighted fair queueing (Demers, Keshav, Shenker: "Analysis and simulation of a
fair queueing algorithm", SIGCOMM 1989; the virtual clock is approximated). Each user has a virtual
time, which advances by the time that the user's requests held a slot, divided by the user's weight.
The user with the least virtual time is next. A user who returns starts at the present virtual
clock, so idle time earns no credit.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from jupyter_safecoder.errors import QueueFull, QueueTimeout, Superseded

#: Time for which a request is assumed to hold its slot, in seconds, before any has finished.
_INITIAL_HOLD_S = 0.1
#: Minimum charge of a request, in seconds: many requests that are superseded at once cost, too.
_MIN_HOLD_S = 0.01
#: Weight of a new value in the exponential moving average of hold times.
_SMOOTHING = 0.1
#: Seconds between two checks of the position in the queue.
_POLL_S = 0.25


@dataclass(frozen=True)
class FairShare:
    """A user's share of the slots when several users want them.

    Parameters
    ----------
    weight
        Relative engine time: a user of weight 2 gets twice that of a user of weight 1.
    max_running, max_waiting
        Maximum numbers of the user's requests that run, and that wait.
    """

    weight: float = 1.0
    max_running: float = math.inf
    max_waiting: float = math.inf


@dataclass(eq=False)
class Ticket:
    """A request in the queue or in a slot.

    ``granted`` resolves when the request may run, and fails if it is superseded or evicted.
    ``on_superseded`` is called if it is superseded while it runs. A ``background`` ticket is
    granted from the start, or never.
    """

    user: str
    document: str
    share: FairShare
    granted: asyncio.Future[None]
    on_superseded: Callable[[], None] = field(default=lambda: None)
    started: float = 0.0
    charged: float = 0.0
    background: bool = False
    is_superseded: bool = False

    def supersede(self) -> None:
        """End the request, which runs."""
        self.is_superseded = True
        self.on_superseded()


class Admission:
    """Admits requests to a fixed number of slots.

    Parameters
    ----------
    max_running
        Number of slots: requests that run at once.
    max_waiting
        Maximum number of requests that wait.
    clock
        Monotonic clock, in seconds.
    """

    def __init__(
        self, max_running: int, max_waiting: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._max_running = max_running
        self._max_waiting = max_waiting
        self._clock = clock
        self._running: list[Ticket] = []
        self._waiting: list[Ticket] = []
        self._background: Ticket | None = None
        self._virtual_clock = 0.0
        self._virtual_time: dict[str, float] = {}
        self._mean_hold_s = _INITIAL_HOLD_S

    @property
    def waiting(self) -> int:
        """Number of requests that wait."""
        return len(self._waiting)

    @property
    def running(self) -> int:
        """Number of requests that run."""
        return len(self._running)

    @property
    def busy(self) -> bool:
        """Whether a request runs or waits, one of the background included."""
        return bool(self._running or self._waiting or self._background)

    @contextmanager
    def slot(
        self,
        user: str,
        document: str = "",
        share: FairShare = FairShare(),
        *,
        background: bool = False,
    ) -> Iterator[Ticket]:
        """Queue a request for a slot; leaving the context releases the slot or leaves the queue.

        Iterate :meth:`positions` before running the request.

        Parameters
        ----------
        user, document, share
            As for :meth:`acquire`.
        background
            Whether it is a request in advance; see :meth:`acquire_background`.

        Raises
        ------
        QueueFull
            If too many requests wait.
        Superseded
            If a request in advance finds another request.
        """
        if background:
            ticket = self.acquire_background(user, document)
        else:
            ticket = self.acquire(user, document, share)
        try:
            yield ticket
        finally:
            self.release(ticket)

    def acquire(self, user: str, document: str, share: FairShare = FairShare()) -> Ticket:
        """Queue a request for a slot, and supersede the older one of its document.

        Parameters
        ----------
        user
            The user who made the request.
        document
            Name of the document; empty: the request supersedes nothing.
        share
            The user's share.

        Raises
        ------
        QueueFull
            If too many requests wait.
        """
        ticket = Ticket(user, document, share, asyncio.get_running_loop().create_future())
        if self._background is not None:
            self._background.supersede()
        self._supersede_older(ticket)
        runs_at_once = len(self._running) < self._max_running and self._may_run(ticket)
        if not runs_at_once:
            self._make_room(ticket)
        if not any(t.user == user for t in (*self._running, *self._waiting)):
            self._virtual_time[user] = max(self._virtual_time.get(user, 0.0), self._virtual_clock)
        self._waiting.append(ticket)
        self._admit()
        return ticket

    def acquire_background(self, user: str, document: str) -> Ticket:
        """Admit a request in advance, which takes no slot and costs its user nothing.

        Parameters
        ----------
        user, document
            As for :meth:`acquire`. The request replaces an older one in advance of the user.

        Raises
        ------
        Superseded
            If any other request runs or waits.
        """
        older = self._background
        if self._running or self._waiting or (older is not None and older.user != user):
            raise Superseded
        if older is not None:
            older.supersede()
        granted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        granted.set_result(None)
        self._background = Ticket(user, document, FairShare(), granted, background=True)
        return self._background

    def position(self, ticket: Ticket) -> int:
        """Return the request's position in the queue: 1 is next, 0 may run."""
        return self._order().index(ticket) + 1 if ticket in self._waiting else 0

    async def positions(
        self, ticket: Ticket, timeout_s: float | None = None
    ) -> AsyncGenerator[int]:
        """Yield the request's position whenever it changes, until the request may run.

        Parameters
        ----------
        ticket
            The request.
        timeout_s
            Seconds to wait at most; ``None``: for ever.

        Raises
        ------
        Superseded
            If a newer request of the document came.
        QueueFull
            If the request was evicted for a user who has fewer requests in the queue.
        QueueTimeout
            If the request still waits after ``timeout_s``.
        """
        end = math.inf if timeout_s is None else self._clock() + timeout_s
        last = 0
        while not ticket.granted.done():
            if (left := end - self._clock()) <= 0:
                raise QueueTimeout("The request waited too long in the queue.")
            if (position := self.position(ticket)) != last:
                last = position
                yield position
            await asyncio.wait([ticket.granted], timeout=min(left, _POLL_S))
        ticket.granted.result()

    def release(self, ticket: Ticket) -> None:
        """Release the request's slot, or remove it from the queue; call it once for each ticket."""
        if ticket is self._background:
            self._background = None
        elif ticket in self._waiting:
            self._waiting.remove(ticket)
        elif ticket in self._running:
            self._running.remove(ticket)
            self._account(ticket)
        if ticket.granted.done():
            ticket.granted.exception()  # asyncio would log an exception that is never retrieved
        self._admit()

    def _supersede_older(self, ticket: Ticket) -> None:
        if not ticket.document:
            return
        same = (ticket.user, ticket.document)
        for older in [t for t in self._waiting if (t.user, t.document) == same]:
            self._waiting.remove(older)
            older.granted.set_exception(Superseded())
        for older in [t for t in self._running if (t.user, t.document) == same]:
            older.supersede()

    def _make_room(self, ticket: Ticket) -> None:
        """Check that the request may wait; if the queue is full, evict one of a greedier user."""
        waiting = Counter(t.user for t in self._waiting)
        own = waiting[ticket.user]
        if own >= ticket.share.max_waiting:
            reason = f"The limit of waiting requests per user ({own}) is reached."
            raise QueueFull(reason, self._retry_after_s())
        if len(self._waiting) < self._max_waiting:
            return
        full = QueueFull("Too many requests are in the queue.", self._retry_after_s())
        greediest, most = waiting.most_common(1)[0] if waiting else ("", 0)
        if most <= own + 1:
            raise full
        newest = [t for t in self._waiting if t.user == greediest][-1]
        self._waiting.remove(newest)
        if not newest.granted.done():
            newest.granted.set_exception(full)

    def _retry_after_s(self) -> float:
        """Return the expected time until the whole queue has run, 1 to 30 s."""
        rounds = (len(self._waiting) + 1) / self._max_running
        return min(30.0, max(1.0, rounds * self._mean_hold_s))

    def _may_run(self, ticket: Ticket) -> bool:
        running = sum(t.user == ticket.user for t in self._running)
        return running < ticket.share.max_running

    def _admit(self) -> None:
        while len(self._running) < self._max_running:
            ticket = next((t for t in self._order() if self._may_run(t)), None)
            if ticket is None:
                break
            self._waiting.remove(ticket)
            if not ticket.granted.done():
                self._grant(ticket)

    def _grant(self, ticket: Ticket) -> None:
        # Charged in advance, so that a burst of one user does not get all slots.
        ticket.started, ticket.charged = self._clock(), max(self._mean_hold_s, _MIN_HOLD_S)
        self._virtual_time[ticket.user] += ticket.charged / ticket.share.weight
        self._running.append(ticket)
        ticket.granted.set_result(None)

    def _account(self, ticket: Ticket) -> None:
        """Correct the advance charge of a request that has finished, and advance the clock."""
        held = max(self._clock() - ticket.started, _MIN_HOLD_S)
        self._mean_hold_s += _SMOOTHING * (held - self._mean_hold_s)
        self._virtual_time[ticket.user] += (held - ticket.charged) / ticket.share.weight
        active = {t.user: t.share.weight for t in (*self._running, *self._waiting, ticket)}
        self._virtual_clock += held / sum(active.values())
        for user, spent in list(self._virtual_time.items()):
            if spent <= self._virtual_clock and user not in active:
                del self._virtual_time[user]

    def _order(self) -> list[Ticket]:
        """Return the waiting requests in the order in which they will run."""
        before: Counter[str] = Counter()
        keyed = []
        for ticket in self._waiting:
            ahead = before[ticket.user] * max(self._mean_hold_s, _MIN_HOLD_S) / ticket.share.weight
            before[ticket.user] += 1
            keyed.append((self._virtual_time[ticket.user] + ahead, ticket))
        # Sorting is stable: of two requests with the same virtual time the older is first.
        return [ticket for _, ticket in sorted(keyed, key=lambda pair: pair[0])]
