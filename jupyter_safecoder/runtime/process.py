"""The runtime as a process: listens, writes the connection file, loads the model, serves it."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, NoReturn

from jupyter_safecoder.child_process import message_sender, read_job, stop_with_parent
from jupyter_safecoder.clients.connection import Connection, connection_name, new_token
from jupyter_safecoder.files import create_private_files, make_private_directory
from jupyter_safecoder.privacy.network import confine_runtime, deny_unused_network
from jupyter_safecoder.settings import RuntimeSettings
from jupyter_safecoder.slow_imports import skip_scikit_learn
from jupyter_safecoder.telemetry import silence_telemetry

from .handlers import make_app
from .idle import unload_when_idle
from .listener import Listener
from .load_memory import MemoryEstimate
from .runtime import Runtime

log = logging.getLogger("jupyter_safecoder.runtime")

#: Exit status after the engine failed: the parent starts a new process.
ENGINE_FAILED = 70
#: Seconds that responses have to reach their clients after the engine failed.
_FLUSH_S = 0.2
#: Seconds between two checks that the socket and the connection file are there.
_CHECK_S = 1.0


async def serve(
    settings: RuntimeSettings,
    on_listening: Callable[[Path | None, Connection], None],
    stop: asyncio.Event,
    on_loading: Callable[[MemoryEstimate | None], None] = lambda memory: None,
) -> int:
    """Serve until ``stop`` is set or the engine fails; returns the exit status.

    Parameters
    ----------
    settings
        The model, and how to serve it.
    on_listening
        Called with the path of the connection file and the connection once requests are accepted,
        before the model is loaded, and again when that has changed. On a full disk there may be no
        file; ``None``: there is no directory for it.
    stop
        Set it to stop.
    on_loading
        Called with the memory that the weights need before they are loaded, and with ``None``
        after.
    """
    with suppress(OSError):  # a cache that cannot be changed is used all the same
        if settings.cache.is_dir():
            make_private_directory(settings.cache)
    runtime = Runtime(settings, on_loading)
    listener = Listener(
        make_app(runtime, token := new_token()),
        settings.connection_name or connection_name(),
        token,
        settings.max_request_bytes,
    )
    try:
        on_listening(listener.path, listener.connection)
        events = (stop, runtime.engine_failed)
        keep = _keep_listening(listener, lambda: on_listening(listener.path, listener.connection))
        tasks = [asyncio.ensure_future(runtime.load()), asyncio.ensure_future(keep)]
        if settings.idle_unload_minutes:
            idle = unload_when_idle(runtime, settings.idle_unload_minutes)
            tasks.append(asyncio.ensure_future(idle))
        waits = [asyncio.ensure_future(event.wait()) for event in events]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for task in (*tasks, *waits):
            task.cancel()
        if runtime.engine_failed.is_set():
            await asyncio.sleep(_FLUSH_S)
            return ENGINE_FAILED
        return 0
    finally:
        runtime.close()
        listener.close()


async def _keep_listening(listener: Listener, on_change: Callable[[], None]) -> None:
    """Make the socket and the connection file again whenever they were deleted."""
    while True:
        await asyncio.sleep(_CHECK_S)
        if listener.restore():
            on_change()


def run_and_exit(serving: Coroutine[Any, Any, int]) -> NoReturn:
    """Run a coroutine, then exit the process with its result.

    Neither ``asyncio.run`` nor ``sys.exit`` is used: both would wait for a load in progress.
    """
    status = asyncio.new_event_loop().run_until_complete(serving)
    sys.stdout.flush()
    os._exit(status)


def stop_on_signals() -> asyncio.Event:
    """Return an event that SIGTERM and SIGINT set."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        with suppress(NotImplementedError):  # Windows
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


def main() -> None:
    """Run as a child process; see :mod:`jupyter_safecoder.child_process`.

    The job is a :class:`RuntimeSettings`. The messages are ``listening``, with the connection, and
    ``loading``, with a :class:`MemoryEstimate` before weights are loaded and ``null`` after.
    """
    logging.basicConfig(level=logging.WARNING, format="[SafeCoder runtime] %(message)s")
    settings = RuntimeSettings(**read_job())
    create_private_files()
    confine_runtime(settings)
    silence_telemetry(offline=not settings.allow_downloads)
    skip_scikit_learn()
    send = message_sender()

    def on_listening(path: Path | None, connection: Connection) -> None:
        deny_unused_network(settings, listens_on_port=not connection.socket)
        send({"listening": asdict(connection)})

    def on_loading(memory: MemoryEstimate | None) -> None:
        # If the system kills this process for its memory, the parent can report how much it needed.
        send({"loading": memory and asdict(memory)})

    async def run() -> int:
        stop = stop_on_signals()
        loop = asyncio.get_running_loop()
        stop_with_parent(lambda: loop.call_soon_threadsafe(stop.set))
        return await serve(settings, on_listening, stop, on_loading)

    run_and_exit(run())
