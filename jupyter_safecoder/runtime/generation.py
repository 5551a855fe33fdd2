"""The thread that owns the engine, and its interface for the event loop."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Collection, Sequence
from functools import partial

from jupyter_safecoder.engines import CandidateEngine, Engine, EngineOutput

Sink = Callable[[EngineOutput], None]

#: Maximum time that the thread waits for the event loop between two steps, in seconds.
_MAX_HANDOVER_S = 0.05


class GenerationThread:
    """Calls the engine in one thread; outputs arrive in the event loop.

    Parameters
    ----------
    engine
        A loaded engine; from now on only the thread uses it.
    loop
        The event loop in which sinks and ``on_failure`` are called.
    on_failure
        Called once with an exception that the engine raised; the thread has then ended.
    """

    def __init__(
        self,
        engine: Engine,
        loop: asyncio.AbstractEventLoop,
        on_failure: Callable[[BaseException], None],
    ) -> None:
        self._engine = engine
        self._loop = loop
        self._on_failure = on_failure
        self._commands: deque[Callable[[], None]] = deque()
        self._wake = threading.Condition()
        self._handled = threading.Event()
        self._sinks: dict[int, Sink] = {}
        self._last = 0
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="safecoder-engine", daemon=True)
        self._thread.start()

    def submit(
        self, prompt: Sequence[int], stop_ids: Collection[int], max_tokens: int, sink: Sink
    ) -> int:
        """Submit a request to the engine; returns its number.

        Parameters
        ----------
        prompt, stop_ids, max_tokens
            As for :meth:`Engine.submit`.
        sink
            Called with each output of the request.
        """
        number = self._next_number(sink)
        self._command(partial(self._engine.submit, number, prompt, stop_ids, max_tokens))
        return number

    @property
    def candidate_engine(self) -> CandidateEngine | None:
        """The engine, if it can return the most probable next tokens of a prompt."""
        engine = self._engine
        return engine if isinstance(engine, CandidateEngine) and engine.offers_candidates else None

    def submit_candidates(self, prompt: Sequence[int], count: int, sink: Sink) -> int:
        """Submit a request for candidates to the engine, which offers them; returns its number.

        Parameters
        ----------
        prompt, count
            As for :meth:`CandidateEngine.submit_candidates`.
        sink
            Called with the output of the request.
        """
        engine = self.candidate_engine
        assert engine is not None
        number = self._next_number(sink)
        self._command(partial(engine.submit_candidates, number, prompt, count))
        return number

    def cancel(self, request: int) -> bool:
        """Cancel a request in the engine; returns whether it was still running."""
        running = self._sinks.pop(request, None) is not None
        if running:
            self._command(partial(self._engine.cancel, request))
        return running

    def close(self) -> None:
        """Stop the thread after its present step."""
        self._closing = True
        with self._wake:
            self._wake.notify()

    def end(self) -> None:
        """Stop the thread, wait for it, and release the engine; nothing may be submitted any more.

        An engine that has connections or threads of its own closes them in ``close``.
        """
        self.close()
        self._thread.join()
        close = getattr(self._engine, "close", None)
        if close is not None:
            close()
        del self._engine

    def _next_number(self, sink: Sink) -> int:
        self._last += 1
        self._sinks[self._last] = sink
        return self._last

    def _command(self, command: Callable[[], None]) -> None:
        with self._wake:
            self._commands.append(command)
            self._wake.notify()

    def _run(self) -> None:
        try:
            while not self._closing:
                with self._wake:
                    while not (self._commands or self._closing or self._engine.busy()):
                        self._wake.wait()
                    commands, self._commands = self._commands, deque()
                for command in commands:
                    command()
                if self._engine.busy():
                    self._hand_over(self._engine.step())
        except Exception as error:  # noqa: BLE001 - whatever it is, waiting requests must end
            self._loop.call_soon_threadsafe(self._on_failure, error)

    def _hand_over(self, outputs: list[EngineOutput]) -> None:
        """Let the event loop run once.

        A step may hold the GIL from start to end: without this, tokens, cancellations and new
        requests would wait for the end of the next step.
        """
        self._handled.clear()
        self._loop.call_soon_threadsafe(self._deliver, outputs)
        self._handled.wait(_MAX_HANDOVER_S)

    def _deliver(self, outputs: list[EngineOutput]) -> None:
        for output in outputs:
            sink = self._sinks.get(output.request)
            if sink is None:
                continue  # cancelled while the step ran
            if output.finished is not None:
                del self._sinks[output.request]
            sink(output)
        # After the tasks that the sinks have just woken.
        self._loop.call_soon(self._handled.set)
