"""Queues requests fairly over all runtimes, and relays them to the runtime of their grant."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing, contextmanager
from dataclasses import dataclass

from jupyter_safecoder.errors import QueueFull, RateLimited
from jupyter_safecoder.hub.access.policy import Grant
from jupyter_safecoder.runtime.admission import Admission, FairShare, Ticket
from jupyter_safecoder.settings import RuntimeSettings

from .relay import Head, relay
from .runtimes import Runtimes

#: A runtime ends a response at its deadline; this many seconds later the service gives it up.
_GRACE_S = 5.0


@dataclass(frozen=True)
class RuntimeRequest:
    """A request for a runtime.

    Parameters
    ----------
    user
        JupyterHub's name of the user.
    document
        Identifies the notebook: a newer request supersedes an older one. Empty: none does.
    grant
        That of the user's group: it names the runtime and the limits in the queue.
    path
        Path of the runtime's endpoint.
    body
        Body of the request.
    background
        Whether it is a request in advance, which any other request of any user ends.
    """

    user: str
    document: str
    grant: Grant
    path: str
    body: bytes
    background: bool = False


class Dispatcher:
    """The queue in front of the runtimes.

    Parameters
    ----------
    settings
        ``max_running`` and ``max_waiting`` are for all runtimes together.
    runtimes
        The runtimes.
    """

    def __init__(self, settings: RuntimeSettings, runtimes: Runtimes) -> None:
        self._deadline_s = settings.deadline_s
        self._admission = Admission(settings.max_running, settings.max_waiting)
        self._runtimes = runtimes

    @property
    def running(self) -> int:
        """Number of requests in progress."""
        return self._admission.running

    @property
    def waiting(self) -> int:
        """Number of requests in the queue."""
        return self._admission.waiting

    @contextmanager
    def slot(self, request: RuntimeRequest) -> Iterator[Ticket]:
        """Queue a request; the end of the context takes it out of the queue, or releases its slot.

        Raises
        ------
        RateLimited
            If the queue is full.
        Superseded
            If a request in advance finds another request.
        """
        grant = request.grant
        share = FairShare(grant.weight, grant.max_running, grant.max_waiting)
        with (
            _queue_limits(),
            self._admission.slot(
                request.user, request.document, share, background=request.background
            ) as ticket,
        ):
            yield ticket

    async def positions(self, ticket: Ticket) -> AsyncGenerator[int]:
        """Yield the position in the queue whenever it changes, until the slot is granted.

        Raises
        ------
        Superseded
            If a newer request for the same document came.
        RateLimited
            If the request had to make room for a user with fewer requests in the queue.
        QueueTimeout
            If the slot is not granted before the deadline.
        """
        with _queue_limits():
            positions = self._admission.positions(ticket, self._deadline_s)
            async with aclosing(positions):
                async for position in positions:
                    yield position

    def relay(self, request: RuntimeRequest, ticket: Ticket) -> AsyncGenerator[Head | bytes]:
        """Return the response of the runtime; see :func:`~jupyter_safecoder.hub.relay.relay`."""
        return relay(
            self._runtimes.get(request.grant.model, request.grant.adapter),
            request.path,
            request.user,
            request.body,
            ticket,
            self._deadline_s + _GRACE_S,
        )


@contextmanager
def _queue_limits() -> Iterator[None]:
    """Deny what does not fit into the queue, as the audit log records it."""
    try:
        yield
    except QueueFull as full:
        raise RateLimited(full.reason, full.retry_after_s, "queue") from None
