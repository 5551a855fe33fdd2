"""The one thread that owns the engine, and its door for the event loop."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Collection, Sequence
from functools import partial

from jupyter_safecoder.engines import Engine, EngineOutput

Sink = Callable[[EngineOutput], None]

#: Longest wait for the event loop between two steps, in seconds.
_HANDOVER_S = 0.05


class GenerationThread:
    """Submits, steps and cancels in one thread; outputs arrive in the event loop.

    Parameters
    ----------
    engine
        A loaded engine; from here on it belongs to the thread.
    loop
        Where sinks and ``on_failure`` are called.
    on_failure
        Called once, with what the engine raised, after which the thread is over.
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
        """Take a request into the batch; ``sink`` gets its outputs. Returns its number."""
        self._last += 1
        self._sinks[self._last] = sink
        self._command(partial(self._engine.submit, self._last, prompt, stop_ids, max_tokens))
        return self._last

    def cancel(self, request: int) -> bool:
        """Cancel in the engine; says whether the request was still running."""
        running = self._sinks.pop(request, None) is not None
        if running:
            self._command(partial(self._engine.cancel, request))
        return running

    def close(self) -> None:
        """End the thread after its present step."""
        self._closing = True
        with self._wake:
            self._wake.notify()

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
        except Exception as error:  # noqa: BLE001 - whatever it is, those who wait must hear of it
            self._loop.call_soon_threadsafe(self._on_failure, error)

    def _hand_over(self, outputs: list[EngineOutput]) -> None:
        """Let the event loop run once.

        A step may hold Python's lock from its begin to its end: without this, tokens,
        cancellations and new requests would wait for the next one.
        """
        self._handled.clear()
        self._loop.call_soon_threadsafe(self._deliver, outputs)
        self._handled.wait(_HANDOVER_S)

    def _deliver(self, outputs: list[EngineOutput]) -> None:
        for output in outputs:
            sink = self._sinks.get(output.request)
            if sink is None:
                continue  # cancelled while the step ran
            if output.finished is not None:
                del self._sinks[output.request]
            sink(output)
        # Behind the tasks that the sinks have just woken.
        self._loop.call_soon(self._handled.set)
