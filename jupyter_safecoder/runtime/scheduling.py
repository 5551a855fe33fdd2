"""A turn in the engine: admission, deadline, cancelling, counting; the same for every door."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Collection, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from jupyter_safecoder.engines import EngineOutput
from jupyter_safecoder.errors import Superseded
from jupyter_safecoder.protocol import Counters, Queued
from jupyter_safecoder.settings import RuntimeSettings

from .admission import Admission, Ticket
from .generation import GenerationThread

_REPLACED, _DEADLINE = object(), object()


@dataclass(frozen=True)
class TokenDelta:
    """New ids, and how the answer ended if it did: as engines say it, or ``deadline``."""

    ids: Sequence[int]
    ended: str | None


class RequestScheduler:
    """Lets requests into the engine and hands their ids back.

    Parameters
    ----------
    settings
        Deadline and queue bounds.
    generation
        The engine's thread.
    counters
        Counted in as requests come and go.
    """

    def __init__(
        self, settings: RuntimeSettings, generation: GenerationThread, counters: Counters
    ) -> None:
        self._deadline_s = settings.deadline_s
        self._generation = generation
        self._live: set[asyncio.Queue[object]] = set()
        self.counters = counters
        self.admission = Admission(settings.max_running, settings.max_waiting)

    def fail(self, error: BaseException) -> None:
        """Tell every running request that the engine failed."""
        for queue in self._live:
            queue.put_nowait(error)

    async def wait(self, ticket: Ticket) -> AsyncGenerator[Queued]:
        """Yield the place in the queue whenever it changes, until the request may run.

        Raises
        ------
        Replaced
            If a newer request took its place.
        """
        try:
            async with aclosing(self.admission.places(ticket)) as places:
                async for place in places:
                    yield Queued(place)
        except (GeneratorExit, asyncio.CancelledError):
            self.counters.cancelled += 1
            raise

    async def run(
        self,
        ticket: Ticket,
        prompt: Sequence[int],
        stop_ids: Collection[int],
        max_tokens: int,
        started: float,
    ) -> AsyncGenerator[TokenDelta]:
        """Yield what the engine writes; closing the iterator cancels the request in it.

        Parameters
        ----------
        ticket
            Whose turn has come.
        prompt, ends, max_tokens
            As engines take them.
        started
            When the request came (``time.perf_counter``): its deadline counts from there.

        Raises
        ------
        Replaced
            If a newer request took its place.
        EngineError
            If the engine cannot answer this request.
        """
        queue: asyncio.Queue[object] = asyncio.Queue()
        ticket.replace = lambda: queue.put_nowait(_REPLACED)
        left = self._deadline_s - (time.perf_counter() - started)
        deadline = asyncio.get_running_loop().call_later(left, queue.put_nowait, _DEADLINE)
        self._live.add(queue)
        self.counters.prompt_tokens += len(prompt)
        number = self._generation.submit(prompt, stop_ids, max_tokens, queue.put_nowait)
        try:
            ended = None
            while ended is None:
                piece = _piece(await queue.get())
                self.counters.completion_tokens += len(piece.ids)
                ended = piece.ended
                yield piece
        finally:
            # A stop rule, the deadline or the client ends the answer before the engine would.
            self._generation.cancel(number)
            deadline.cancel()
            self._live.discard(queue)


def _piece(item: object) -> TokenDelta:
    if item is _DEADLINE:
        return TokenDelta([], "deadline")
    if item is _REPLACED:
        raise Superseded
    if isinstance(item, BaseException):
        raise item
    assert isinstance(item, EngineOutput)
    if item.error is not None:
        raise item.error
    return TokenDelta(item.ids, item.finished)
