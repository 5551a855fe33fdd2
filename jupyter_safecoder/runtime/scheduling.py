"""Runs one admitted request on the engine: deadline, cancellation and counters."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from jupyter_safecoder.engines import EngineOutput
from jupyter_safecoder.errors import EngineError, PromptTooLong, Superseded
from jupyter_safecoder.protocol import Counters
from jupyter_safecoder.settings import RuntimeSettings

from .admission import Admission, Ticket
from .generation import GenerationThread

_SUPERSEDED, _DEADLINE = object(), object()


@dataclass(frozen=True)
class TokenDelta:
    """New token ids of a request.

    ``finished`` is ``None`` before the last one, then as in :class:`EngineOutput`, or ``deadline``.
    ``logprobs`` are as in :class:`EngineOutput`.
    """

    ids: Sequence[int]
    finished: str | None
    logprobs: Sequence[float] | None = None


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

    @contextmanager
    def slot(self, user: str, document: str = "") -> Iterator[Ticket]:
        """Queue a request for a slot of the engine and count it; see :meth:`Admission.slot`.

        It counts as cancelled if the context is left by a cancellation or because the request was
        superseded, as failed if it is left by another exception, else as completed.

        Parameters
        ----------
        user
            The user who made the request.
        document
            Name of the document; empty: the request supersedes nothing.

        Raises
        ------
        QueueFull
            If too many requests wait.
        """
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
        queue: asyncio.Queue[object] = asyncio.Queue()
        ticket.on_superseded = lambda: queue.put_nowait(_SUPERSEDED)
        left = self._deadline_s - (time.perf_counter() - started)
        deadline = asyncio.get_running_loop().call_later(left, queue.put_nowait, _DEADLINE)
        self._queues.add(queue)
        self.counters.prompt_tokens += len(prompt)
        number = self._generation.submit(prompt, stop_ids, max_tokens, queue.put_nowait)
        try:
            finished = None
            while finished is None:
                delta = _delta(await queue.get())
                self.counters.completion_tokens += len(delta.ids)
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
    return TokenDelta(item.ids, item.finished, item.logprobs)
