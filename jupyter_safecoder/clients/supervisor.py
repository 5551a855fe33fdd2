"""Starts the runtime process, watches it, starts it again when it dies, ends it with the server."""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import suppress
from dataclasses import asdict
from typing import Any

from jupyter_safecoder.child_process import async_child_process, exit_text
from jupyter_safecoder.protocol import Status
from jupyter_safecoder.settings import RuntimeSettings

from .connection import RUNTIME_MODULE, Connection, find_connections, remove_socket
from .huge_pages import huge_page_environment

#: Seconds between a death and the next start; a longer life than _STABLE_S begins anew.
_BACKOFF_S = (0.2, 1.0, 3.0, 10.0)
_STABLE_S = 60.0


class Supervisor:
    """One runtime process, kept alive.

    Parameters
    ----------
    settings
        What the process is told.
    log
        Where starts and deaths are noted; never any text.
    """

    def __init__(self, settings: RuntimeSettings, log: logging.Logger) -> None:
        self._settings = settings
        self._log = log
        self._task: asyncio.Task[None] | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._status = Status("off", "The runtime has not been started.")
        self.connection: Connection | None = None
        #: What the runtime is loading, while it does.
        self._memory: dict[str, Any] | None = None

    @property
    def status(self) -> Status:
        """What is known without asking the runtime."""
        return self._status

    @property
    def running(self) -> bool:
        """Whether a process runs or will be started again."""
        return self._task is not None and not self._task.done()

    def start(self) -> None:
        """Start the process; does nothing if it runs."""
        if not self.running:
            self._status = Status("starting", "The runtime process is starting.")
            self._task = asyncio.ensure_future(self._keep_alive())

    async def restart(self) -> None:
        """End the process, if there is one, and start it."""
        await self.stop()
        self.start()

    async def stop(self) -> None:
        """End the process; it removes its own socket and connection file."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        self._status = Status("off", "The runtime was stopped.")

    async def _keep_alive(self) -> None:
        deaths = 0
        while True:
            began = time.monotonic()
            try:
                code = await self._run()
            except OSError as error:
                self._status = Status(
                    "failed",
                    f"The runtime process could not be started ({error.strerror}).",
                    "Check that the Python installation is whole, then start the runtime again.",
                )
                return
            deaths = 0 if time.monotonic() - began > _STABLE_S else deaths + 1
            how = exit_text(code)
            self._log.warning("The SafeCoder runtime ended (%s).", how)
            if self._memory is not None:
                # It would end the same way again, and take the machine's memory each time.
                self._status = _died_loading(self._memory, how)
                return
            if deaths > len(_BACKOFF_S):
                self._status = Status(
                    "failed",
                    f"The runtime process died {deaths} times in a row ({how}).",
                    "Check the free memory and the server's log, then start the runtime again.",
                )
                return
            pause = _BACKOFF_S[max(deaths, 1) - 1]
            self._status = Status(
                "starting", f"The runtime process ended ({how}); it starts again in {pause:g} s."
            )
            await asyncio.sleep(pause)

    async def _run(self) -> int:
        """Run one process to its end; returns its exit status."""
        self._memory = None
        job, environment = asdict(self._settings), huge_page_environment()
        try:
            async with async_child_process(RUNTIME_MODULE, job, environment=environment) as child:
                async for message in child.messages():
                    if "listening" in message:
                        self.connection = Connection(**message["listening"])
                    else:
                        self._memory = message["loading"]
                return await child.process.wait()
        finally:
            connection, self.connection = self.connection, None
            # A killed process cannot clean up behind itself: finding drops what is dead.
            find_connections()
            if connection is not None:
                remove_socket(connection)


def _died_loading(memory: dict[str, Any], how: str) -> Status:
    free = memory["free_bytes"]
    there = "" if free is None else f", and {free / 1e9:.1f} GB of memory were free"
    return Status(
        "failed",
        f"The runtime process died while it loaded {memory['model']} ({how}): its weights take "
        f"{memory['need_bytes'] / 1e9:.1f} GB{there}.",
        "Free memory, set c.SafeCoder.precision to 'int4' or take a smaller model, then start "
        "the runtime again.",
    )
