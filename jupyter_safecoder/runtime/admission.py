"""Who may run now: at most so many at once, turns between people, newer before older.

Plain data and futures, no HTTP and no engine. For a person and a document at most one request
lives: a newer one replaces the older, whether that waits or runs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count


class QueueFull(Exception):
    """The waiting room is full; ask again in ``retry_after_s`` seconds."""

    def __init__(self, retry_after_s: float) -> None:
        super().__init__("Too many people ask at once.")
        self.retry_after_s = retry_after_s


class Replaced(Exception):
    """A newer request for the same document took this one's place."""


@dataclass(eq=False)
class Ticket:
    """A request's place; ``replace`` is called if it is replaced while it runs."""

    person: str
    document: str
    turn: asyncio.Future[None]
    replace: Callable[[], None] = field(default=lambda: None)


class Admission:
    """Admits requests to the engine.

    Parameters
    ----------
    max_running
        Requests in the batch at once.
    max_waiting
        Requests that may wait; beyond it :class:`QueueFull`.
    """

    def __init__(self, max_running: int, max_waiting: int) -> None:
        self._max_running = max_running
        self._max_waiting = max_waiting
        self._running: list[Ticket] = []
        self._waiting: list[Ticket] = []
        self._served: dict[str, int] = {}
        self._clock = count()

    @property
    def waiting(self) -> int:
        """How many requests wait."""
        return len(self._waiting)

    @property
    def running(self) -> int:
        """How many requests run."""
        return len(self._running)

    def enter(self, person: str, document: str) -> Ticket:
        """Take a place; the ticket's ``turn`` resolves when the request may run.

        Raises
        ------
        QueueFull
            If too many wait already.
        """
        ticket = Ticket(person, document, asyncio.get_running_loop().create_future())
        self._replace_older(ticket)
        if len(self._running) >= self._max_running and len(self._waiting) >= self._max_waiting:
            raise QueueFull(retry_after_s=1.0)
        self._waiting.append(ticket)
        self._admit()
        return ticket

    def place(self, ticket: Ticket) -> int:
        """Return the ticket's place among those that wait, 1 the next; 0 when it may run."""
        return self._order().index(ticket) + 1 if ticket in self._waiting else 0

    def leave(self, ticket: Ticket) -> None:
        """Give the place back; must be called once for every ticket."""
        if ticket in self._waiting:
            self._waiting.remove(ticket)
        elif ticket in self._running:
            self._running.remove(ticket)
        self._admit()

    def _replace_older(self, ticket: Ticket) -> None:
        if not ticket.document:
            return
        same = (ticket.person, ticket.document)
        for older in [t for t in self._waiting if (t.person, t.document) == same]:
            self._waiting.remove(older)
            older.turn.set_exception(Replaced())
        for older in [t for t in self._running if (t.person, t.document) == same]:
            older.replace()

    def _admit(self) -> None:
        while self._waiting and len(self._running) < self._max_running:
            ticket = self._order()[0]
            self._waiting.remove(ticket)
            if ticket.turn.done():
                continue
            self._running.append(ticket)
            self._served[ticket.person] = next(self._clock)
            ticket.turn.set_result(None)
        if not self._waiting and not self._running:
            self._served.clear()

    def _order(self) -> list[Ticket]:
        """Those that wait, in the order they will run in: the person served longest ago first."""
        rounds: dict[str, int] = {}
        keyed = []
        for ticket in self._waiting:
            turn = rounds[ticket.person] = rounds.get(ticket.person, -1) + 1
            keyed.append(((turn, self._served.get(ticket.person, -1)), ticket))
        return [ticket for _, ticket in sorted(keyed, key=lambda pair: pair[0])]
