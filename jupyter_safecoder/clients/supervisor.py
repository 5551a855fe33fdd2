"""Starts the runtime process, restarts it when it ends, and stops it with the server."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from contextlib import suppress
from dataclasses import asdict
from typing import Any

from jupyter_safecoder.child_process import async_child_process, exit_text
from jupyter_safecoder.errors import RuntimeRequestError
from jupyter_safecoder.protocol import Status
from jupyter_safecoder.settings import RuntimeSettings

from .connection import RUNTIME_MODULE, Connection, find_connections, remove_socket
from .host import check_platform
from .huge_pages import huge_page_variables

#: Seconds before the next start, for each death in a row.
_BACKOFF_S = (0.2, 1.0, 3.0, 10.0)
#: A death after so many seconds is the first of a row.
_STABLE_S = 60.0
#: Seconds between two checks that the socket of the runtime is there, and how many in a row must
#: fail: the runtime makes it again itself within a second, unless it hangs.
_CHECK_S, _MAX_MISSES = 1.0, 3


class Supervisor:
    """One runtime process, kept alive.

    Parameters
    ----------
    settings
        The settings of the runtime.
    log
        Logger for exits of the process.
    """

    def __init__(self, settings: RuntimeSettings, log: logging.Logger) -> None:
        self._settings = settings
        self._log = log
        self._task: asyncio.Task[None] | None = None
        self._status = Status("off", "The runtime has not been started.")
        #: The address of the runtime while it runs.
        self.connection: Connection | None = None
        #: The memory that the runtime needs for the weights, while it loads them.
        self._loading: dict[str, Any] | None = None

    @property
    def status(self) -> Status:
        """The status as far as it is known without asking the runtime."""
        return self._status

    @property
    def running(self) -> bool:
        """Whether a process runs or will be restarted."""
        return self._task is not None and not self._task.done()

    def start(self) -> None:
        """Start the process, unless it runs."""
        try:
            check_platform()
        except RuntimeRequestError as error:
            self._status = Status("failed", error.reason, error.remedy)
            return
        if not self.running:
            self._status = Status("starting", "The runtime process is starting.")
            self._task = asyncio.ensure_future(self._keep_alive())

    async def restart(self) -> None:
        """Stop the process, if there is one, and start it."""
        await self.stop()
        self.start()

    async def stop(self) -> None:
        """Stop the process, which deletes its own socket and connection file."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        self._status = Status("off", "The runtime was stopped.")

    async def _keep_alive(self) -> None:
        """Run the process again and again until it is given up."""
        deaths = 0
        while True:
            started = time.monotonic()
            try:
                exit_status = await self._run()
            except OSError as error:
                self._status = Status(
                    "failed",
                    f"The runtime process could not be started ({error.strerror}).",
                    "Check that the Python installation is complete, then start the runtime again.",
                )
                return
            except Exception as error:  # noqa: BLE001 - whatever it is, users get a reason
                # Without this the state would be "starting" for ever.
                self._log.error("The SafeCoder runtime could not be started.", exc_info=error)
                self._status = Status(
                    "failed",
                    f"The runtime process could not be started ({type(error).__name__}).",
                    "Correct what the server's log says, then start the runtime again.",
                )
                return
            deaths = 0 if time.monotonic() - started > _STABLE_S else deaths + 1
            how = exit_text(exit_status)
            self._log.warning("The SafeCoder runtime exited (%s).", how)
            if (failed := self._failure(deaths, how)) is not None:
                self._status = failed
                return
            pause = _BACKOFF_S[max(deaths, 1) - 1]
            self._status = Status(
                "starting", f"The runtime process exited ({how}); it restarts in {pause:g} s."
            )
            await asyncio.sleep(pause)

    async def _run(self) -> int:
        """Run one process until it exits; returns its exit status."""
        self._loading = None
        job, variables = asdict(self._settings), huge_page_variables()
        try:
            async with async_child_process(RUNTIME_MODULE, job, environment=variables) as child:
                watch = asyncio.ensure_future(self._kill_if_unreachable(child.process))
                try:
                    async for message in child.messages():
                        if "listening" in message:
                            self.connection = Connection(**message["listening"])
                        elif "loading" in message:
                            self._loading = message["loading"]
                    return await child.process.wait()
                finally:
                    watch.cancel()
        finally:
            connection, self.connection = self.connection, None
            # A killed process leaves its connection file, which this deletes.
            find_connections()
            if connection is not None:
                remove_socket(connection)

    async def _kill_if_unreachable(self, process: asyncio.subprocess.Process) -> None:
        """Kill the process once its socket is gone and it makes no other one."""
        misses = 0
        while True:
            await asyncio.sleep(_CHECK_S)
            socket = self.connection and self.connection.socket
            misses = misses + 1 if socket and not os.path.lexists(socket) else 0
            if misses == _MAX_MISSES:
                self._log.warning("The socket of the SafeCoder runtime was deleted.")
                with suppress(ProcessLookupError):
                    process.kill()
                return

    def _failure(self, deaths: int, how: str) -> Status | None:
        """Return the status of a runtime that is given up, or ``None`` if it restarts."""
        if self._loading is not None:
            # It would die again, and take the machine's memory each time.
            return _died_loading(self._loading, how)
        if deaths > len(_BACKOFF_S):
            return Status(
                "failed",
                f"The runtime process died {deaths} times in a row ({how}).",
                "Check the free memory and the server's log, then start the runtime again.",
            )
        return None


def _died_loading(memory: dict[str, Any], how: str) -> Status:
    free = memory["free_bytes"]
    free_text = "" if free is None else f", and {free / 1e9:.1f} GB of memory were free"
    return Status(
        "failed",
        f"The runtime process died while it loaded {memory['model']} ({how}): its weights take "
        f"{memory['need_bytes'] / 1e9:.1f} GB{free_text}.",
        "Free memory, set c.SafeCoder.precision to 'int4' or take a smaller model, then start "
        "the runtime again.",
    )
