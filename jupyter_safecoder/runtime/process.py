"""The runtime as a process: listen, write the connection file, load, serve until told to stop."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, NoReturn

from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets, bind_unix_socket

from jupyter_safecoder.clients.connection import (
    Connection,
    connection_directory,
    new_token,
    remove_socket,
    socket_path,
    write_connection,
)
from jupyter_safecoder.settings import RuntimeSettings
from jupyter_safecoder.telemetry import silence_telemetry

from .handlers import make_app
from .loading import MemoryEstimate
from .runtime import Runtime

log = logging.getLogger("jupyter_safecoder.runtime")

#: Exit status after the engine failed: the parent starts a new process.
ENGINE_FAILED = 70


async def serve(
    settings: RuntimeSettings,
    listening: Callable[[Path, Connection], None],
    stop: asyncio.Event,
    loading: Callable[[MemoryEstimate | None], None] = lambda memory: None,
) -> int:
    """Serve until ``stop`` is set; returns the exit status.

    Parameters
    ----------
    settings
        What to serve.
    listening
        Called once requests are taken, before the model is loaded, with the connection file, which
        a full disk may have denied.
    stop
        Set it to end.
    loading
        Called with what memory the weights will take before they are loaded, with ``None`` after.
    """
    runtime = Runtime(settings, loading)
    name = settings.connection_name or f"safecoder-{os.getpid()}"
    path = connection_directory() / f"{name}.json"
    server = HTTPServer(
        make_app(runtime, token := new_token()), max_body_size=settings.max_request_bytes
    )
    connection = _listen(server, socket_path(path.parent, name), token)
    try:
        try:
            write_connection(path, connection)
        except OSError as error:
            log.warning(
                "No connection file in %s (%s): only whoever started this runtime finds it.",
                path.parent,
                error.strerror,
            )
        listening(path, connection)
        load = asyncio.ensure_future(runtime.load())
        ends = [asyncio.ensure_future(event.wait()) for event in (stop, runtime.died)]
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        for task in (load, *ends):
            task.cancel()
        if runtime.died.is_set():
            await asyncio.sleep(0.2)  # the last answers are on their way
            return ENGINE_FAILED
        return 0
    finally:
        runtime.close()
        server.stop()
        path.unlink(missing_ok=True)
        remove_socket(connection)


def _listen(server: HTTPServer, path: Path | None, token: str) -> Connection:
    if path is not None:
        try:
            server.add_socket(bind_unix_socket(str(path), mode=0o600))
            return Connection(token, os.getpid(), socket=str(path), parent=os.getppid())
        except OSError as error:
            log.warning(
                "No Unix socket (%s): the loopback address is used instead.", error.strerror
            )
    sockets = bind_sockets(0, "127.0.0.1")
    server.add_sockets(sockets)
    port = sockets[0].getsockname()[1]
    return Connection(token, os.getpid(), port=port, parent=os.getppid())


def run_and_exit(serving: Coroutine[Any, Any, int]) -> NoReturn:
    """Run to the end of the process.

    Neither asyncio.run nor sys.exit: both wait for a load in progress that nobody wants any more.
    """
    status = asyncio.new_event_loop().run_until_complete(serving)
    sys.stdout.flush()
    os._exit(status)


def main() -> None:
    """Run as the child of a server: settings on standard input, whose end is the end of this."""
    logging.basicConfig(level=logging.WARNING, format="[SafeCoder runtime] %(message)s")
    settings = RuntimeSettings.from_json(sys.stdin.buffer.readline())
    silence_telemetry(offline=not settings.allow_downloads)

    def write(line: bytes) -> None:
        sys.stdout.buffer.write(line)
        sys.stdout.buffer.flush()

    def say_listening(path: Path, connection: Connection) -> None:
        write(connection.to_json())

    def say_loading(memory: MemoryEstimate | None) -> None:
        # Should the system kill this process for its memory, the parent knows the figures.
        write(json.dumps({"loading": memory and asdict(memory)}).encode() + b"\n")

    async def run() -> int:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            with suppress(NotImplementedError):
                loop.add_signal_handler(number, stop.set)

        def watch_parent() -> None:
            # The pipe closes when the parent ends, however it ends: no orphan stays.
            while sys.stdin.buffer.read(1):
                pass
            loop.call_soon_threadsafe(stop.set)

        threading.Thread(target=watch_parent, daemon=True).start()
        return await serve(settings, say_listening, stop, say_loading)

    run_and_exit(run())
