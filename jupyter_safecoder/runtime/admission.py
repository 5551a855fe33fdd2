"""Who may run now: at most so many at once, fair turns between people, newer before older.

Plain data and futures, no HTTP and no engine. For a person and a document at most one request
lives: a newer one replaces the older, whether that waits or runs.

Turns follow weighted fair queueing (Demers, Keshav, Shenker: "Analysis and simulation of a fair
queueing algorithm", SIGCOMM 1989; the virtual clock is approximated): everybody has a virtual time,
which goes on by the time that their requests held a place, divided by their weight; whose is least
is next. Who was away comes back at the present virtual time, so nobody saves up turns.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections import Counter
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field

from jupyter_safecoder.errors import QueueFull, Superseded

#: What a request is taken to hold its place for, in seconds, before any has been seen.
_FIRST_S = 0.1
#: What it costs at least: who asks for much that is refused or replaced at once pays too.
_LEAST_S = 0.01
#: How fast the usual time follows what is seen.
_FOLLOW = 0.1
#: Between two looks at the place in the queue, in seconds.
_NEWS_S = 0.25


@dataclass(frozen=True)
class FairShare:
    """What a person gets of the places where others want them too.

    Parameters
    ----------
    weight
        Of their turns: 2 gets twice what 1 gets.
    running, waiting
        How many of their requests may run, and wait, at once.
    """

    weight: float = 1.0
    running: float = math.inf
    waiting: float = math.inf


@dataclass(eq=False)
class Ticket:
    """A request's place; ``replace`` is called if it is replaced while it runs."""

    person: str
    document: str
    share: FairShare
    turn: asyncio.Future[None]
    replace: Callable[[], None] = field(default=lambda: None)
    began: float = 0.0
    charged: float = 0.0


class Admission:
    """Admits requests to the engine.

    Parameters
    ----------
    max_running
        Requests in the batch at once.
    max_waiting
        Requests that may wait; beyond it :class:`QueueFull`.
    clock
        Seconds that only go forward.
    """

    def __init__(
        self, max_running: int, max_waiting: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._max_running = max_running
        self._max_waiting = max_waiting
        self._clock = clock
        self._running: list[Ticket] = []
        self._waiting: list[Ticket] = []
        self._now = 0.0
        self._spent: dict[str, float] = {}
        self._usual_s = _FIRST_S

    @property
    def waiting(self) -> int:
        """How many requests wait."""
        return len(self._waiting)

    @property
    def running(self) -> int:
        """How many requests run."""
        return len(self._running)

    def enter(self, person: str, document: str, share: FairShare = FairShare()) -> Ticket:
        """Take a place; the ticket's ``turn`` resolves when the request may run.

        Raises
        ------
        QueueFull
            If too many wait already.
        """
        turn = asyncio.get_running_loop().create_future()
        ticket = Ticket(person, document, share, turn)
        self._replace_older(ticket)
        runs_at_once = len(self._running) < self._max_running and self._may_run(ticket)
        if not runs_at_once:
            self._check_room(ticket)
        if not any(t.person == person for t in (*self._running, *self._waiting)):
            self._spent[person] = max(self._spent.get(person, 0.0), self._now)
        self._waiting.append(ticket)
        self._admit()
        return ticket

    def place(self, ticket: Ticket) -> int:
        """Return the ticket's place among those that wait, 1 the next; 0 when it may run."""
        return self._order().index(ticket) + 1 if ticket in self._waiting else 0

    async def places(self, ticket: Ticket) -> AsyncGenerator[int]:
        """Yield the ticket's place whenever it changes, until the request may run.

        Raises
        ------
        Replaced
            If a newer request took its place.
        QueueFull
            If it had to make room for somebody who has less.
        """
        last = 0
        while not ticket.turn.done():
            if (now := self.place(ticket)) != last:
                last = now
                yield now
            await asyncio.wait([ticket.turn], timeout=_NEWS_S)
        ticket.turn.result()

    def leave(self, ticket: Ticket) -> None:
        """Give the place back; must be called once for every ticket."""
        if ticket in self._waiting:
            self._waiting.remove(ticket)
        elif ticket in self._running:
            self._running.remove(ticket)
            self._settle(ticket)
        self._admit()

    def _replace_older(self, ticket: Ticket) -> None:
        if not ticket.document:
            return
        same = (ticket.person, ticket.document)
        for older in [t for t in self._waiting if (t.person, t.document) == same]:
            self._waiting.remove(older)
            older.turn.set_exception(Superseded())
        for older in [t for t in self._running if (t.person, t.document) == same]:
            older.replace()

    def _check_room(self, ticket: Ticket) -> None:
        waiting = Counter(t.person for t in self._waiting)
        theirs = waiting[ticket.person]
        if theirs >= ticket.share.waiting:
            raise QueueFull(f"{theirs} requests of yours wait already.", self._until_room())
        if len(self._waiting) < self._max_waiting:
            return
        full = QueueFull("Too many people ask at once.", self._until_room())
        # Who has most of the room gives some to who has less: it is not first come, first served.
        greediest, most = waiting.most_common(1)[0] if waiting else ("", 0)
        if most <= theirs + 1:
            raise full
        newest = [t for t in self._waiting if t.person == greediest][-1]
        self._waiting.remove(newest)
        if not newest.turn.done():
            newest.turn.set_exception(full)

    def _until_room(self) -> float:
        """Return in how many seconds the queue has moved, as fast as it usually does."""
        rounds = (len(self._waiting) + 1) / self._max_running
        return min(30.0, max(1.0, rounds * self._usual_s))

    def _may_run(self, ticket: Ticket) -> bool:
        theirs = sum(t.person == ticket.person for t in self._running)
        return theirs < ticket.share.running

    def _admit(self) -> None:
        while len(self._running) < self._max_running:
            ticket = next((t for t in self._order() if self._may_run(t)), None)
            if ticket is None:
                break
            self._waiting.remove(ticket)
            if not ticket.turn.done():
                self._run(ticket)

    def _run(self, ticket: Ticket) -> None:
        # Charged before it is known, so that many at once of one person do not all come first.
        ticket.began, ticket.charged = self._clock(), max(self._usual_s, _LEAST_S)
        self._spent[ticket.person] += ticket.charged / ticket.share.weight
        self._running.append(ticket)
        ticket.turn.set_result(None)

    def _settle(self, ticket: Ticket) -> None:
        held = max(self._clock() - ticket.began, _LEAST_S)
        self._usual_s += _FOLLOW * (held - self._usual_s)
        self._spent[ticket.person] += (held - ticket.charged) / ticket.share.weight
        here = {t.person: t.share.weight for t in (*self._running, *self._waiting, ticket)}
        self._now += held / sum(here.values())
        for person in [p for p, v in self._spent.items() if v <= self._now and p not in here]:
            del self._spent[person]

    def _order(self) -> list[Ticket]:
        """Those that wait, in the order they will run in."""
        before: Counter[str] = Counter()
        keyed = []
        for ticket in self._waiting:
            ahead = before[ticket.person] * max(self._usual_s, _LEAST_S) / ticket.share.weight
            before[ticket.person] += 1
            keyed.append((self._spent[ticket.person] + ahead, ticket))
        # Sorting is stable: of two with one virtual time, who came first is first.
        return [ticket for _, ticket in sorted(keyed, key=lambda pair: pair[0])]
