"""Runs one admitted request on the engine: deadline, cancellation and counters."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Collection, Iterator, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import dataclass
from functools import partial

from jupyter_safecoder.engines import Candidate, EngineOutput
from jupyter_safecoder.errors import EngineError, PromptTooLong, Superseded
from jupyter_safecoder.protocol import Counters
from jupyter_safecoder.settings import RuntimeSettings

from .admission import Admission, Ticket
from .generation import GenerationThread, Sink

_SUPERSEDED, _DEADLINE = object(), object()


@dataclass(frozen=True)
class TokenDelta:
    """New token ids of a request.

    ``finished`` is ``None`` before the last one, then as in :class:`EngineOutput`, or ``deadline``.
    ``logprobs`` and ``candidates`` are as in :class:`EngineOutput`.
    """

    ids: Sequence[int]
    finished: str | None
    logprobs: Sequence[float] | None = None
    candidates: Sequence[Candidate] | None = None


class RequestScheduler:
    """Admits requests to the engine and returns their tokens.

    Parameters
    ----------
    settings
        Deadline and queue bounds.
    generation
        The engine's thread.
    counters
        Updated as requests come and go.
    """

    def __init__(
        self, settings: RuntimeSettings, generation: GenerationThread, counters: Counters
    ) -> None:
        self._deadline_s = settings.deadline_s
        self._generation = generation
        self._queues: set[asyncio.Queue[object]] = set()
        self.counters = counters
        self.admission = Admission(settings.max_running, settings.max_waiting)

    def fail(self, error: EngineError) -> None:
        """End every running request with an error of the engine."""
        for queue in self._queues:
            queue.put_nowait(error)

    def count_empty(self, *, background: bool) -> None:
        """Count a request without any text to complete, which needs no slot."""
        if background:
            self.counters.background += 1
        else:
            self.counters.requests += 1
            self.counters.completed += 1

    @contextmanager
    def slot(self, user: str, document: str = "", *, background: bool = False) -> Iterator[Ticket]:
        """Queue a request for a slot of the engine and count it; see :meth:`Admission.slot`.

        It counts as cancelled if the context is left by a cancellation or because the request was
        superseded, as failed if it is left by another exception, else as completed.

        Parameters
        ----------
        user
            The user who made the request.
        document
            Name of the document; empty: the request supersedes nothing.
        background
            Whether it is a request in advance: it is counted as such, whatever becomes of it.

        Raises
        ------
        QueueFull
            If too many requests wait.
        Superseded
            If a request in advance finds another request.
        """
        if background:
            self.counters.background += 1
            with self.admission.slot(user, document, background=True) as ticket:
                yield ticket
            return
        self.counters.requests += 1
        try:
            with self.admission.slot(user, document) as ticket:
                yield ticket
        except (Superseded, GeneratorExit, asyncio.CancelledError):
            self.counters.cancelled += 1
            raise
        except Exception:
            self.counters.failed += 1
            raise
        self.counters.completed += 1

    async def run(
        self,
        ticket: Ticket,
        prompt: Sequence[int],
        stop_ids: Collection[int],
        max_tokens: int,
        started: float,
    ) -> AsyncGenerator[TokenDelta]:
        """Yield the tokens that the engine generates; closing the iterator cancels the request.

        Parameters
        ----------
        ticket
            A ticket that was granted.
        prompt, stop_ids, max_tokens
            As for :meth:`Engine.submit`.
        started
            When the request came (``time.perf_counter``): its deadline counts from there.

        Raises
        ------
        Superseded
            If a newer request of the document came.
        EngineError
            If the engine cannot run this request, or fails.
        """
        submit = partial(self._generation.submit, prompt, stop_ids, max_tokens)
        async with aclosing(self._deltas(ticket, prompt, submit, started)) as deltas:
            async for delta in deltas:
                yield delta

    async def candidates(
        self, ticket: Ticket, prompt: Sequence[int], count: int, started: float
    ) -> Sequence[Candidate] | None:
        """Return the most probable next tokens, the first one first.

        Parameters
        ----------
        ticket, prompt, started
            As for :meth:`run`.
        count
            Maximum number of tokens to return.

        Returns
        -------
        sequence of Candidate or None
            ``None`` if the engine cannot compute them; empty if the deadline was reached.

        Raises
        ------
        Superseded, EngineError
            As for :meth:`run`.
        """
        if self._generation.candidate_engine is None:
            return None
        submit = partial(self._generation.submit_candidates, prompt, count)
        async with aclosing(self._deltas(ticket, prompt, submit, started)) as deltas:
            return (await anext(deltas)).candidates or ()

    async def _deltas(
        self,
        ticket: Ticket,
        prompt: Sequence[int],
        submit: Callable[[Sink], int],
        started: float,
    ) -> AsyncGenerator[TokenDelta]:
        """Yield what the engine returns for a request that ``submit`` gives it."""
        if ticket.is_superseded:
            raise Superseded
        queue: asyncio.Queue[object] = asyncio.Queue()
        left = self._deadline_s - (time.perf_counter() - started)
        deadline = asyncio.get_running_loop().call_later(left, queue.put_nowait, _DEADLINE)
        self._queues.add(queue)
        counters = Counters() if ticket.background else self.counters
        counters.prompt_tokens += len(prompt)
        number = submit(queue.put_nowait)

        def on_superseded() -> None:
            # Before the request that supersedes this one is submitted to the engine.
            self._generation.cancel(number)
            queue.put_nowait(_SUPERSEDED)

        ticket.on_superseded = on_superseded
        try:
            finished = None
            while finished is None:
                delta = _delta(await queue.get())
                counters.completion_tokens += len(delta.ids)
                finished = delta.finished
                yield delta
        finally:
            # A stop rule, the deadline or the client ends the completion before the engine would.
            self._generation.cancel(number)
            deadline.cancel()
            self._queues.discard(queue)


def _delta(item: object) -> TokenDelta:
    if item is _DEADLINE:
        return TokenDelta([], "deadline")
    if item is _SUPERSEDED:
        raise Superseded
    if isinstance(item, EngineError):
        raise item
    assert isinstance(item, EngineOutput)
    if item.error is not None:
        raise item.error
    if item.finished == "refused":
        raise PromptTooLong(
            "The prompt is too long for the engine.",
            "Complete in a shorter text, or give the engine a larger window or more memory.",
        )
    return TokenDelta(item.ids, item.finished, item.logprobs, item.candidates)
