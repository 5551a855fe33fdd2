"""The runtimes of a service: one for each model and adapter, so that groups share no cache."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Collection
from dataclasses import replace

from jupyter_safecoder.clients.connection import connection_name
from jupyter_safecoder.clients.local_backend import LocalBackend
from jupyter_safecoder.clients.supervisor import Supervisor
from jupyter_safecoder.protocol import Status
from jupyter_safecoder.settings import RuntimeSettings

log = logging.getLogger(__name__)
#: The name that means no adapter in a runtime's settings.
_NO_ADAPTER = "-"
#: Seconds between two requests for the status of a runtime that loads.
_POLL_S = 0.2
#: Seconds between two restarts of a failed runtime by its users.
_RESTART_PAUSE_S = 60.0

#: Model and adapter; empty: the service's model, no adapter.
RuntimeKey = tuple[str, str]
_Runtime = tuple[Supervisor, LocalBackend]


class Runtimes:
    """Creates a runtime when it is first needed.

    Parameters
    ----------
    settings
        Of each runtime; its model and adapter are replaced.
    """

    def __init__(self, settings: RuntimeSettings) -> None:
        self._settings = settings
        self._runtimes: dict[RuntimeKey, _Runtime] = {}
        self._number = 0
        #: Runtimes that load before a group is assigned to them.
        self._loading: set[RuntimeKey] = set()
        #: When a user last restarted a runtime that had failed.
        self._restarted: dict[RuntimeKey, float] = {}
        #: Retired runtimes by the task that stops them later.
        self._retired: dict[asyncio.Task[None], _Runtime] = {}

    def get(self, model: str, adapter: str) -> LocalBackend:
        """Return the client of a runtime, which is created if there is none.

        The policy names the models and adapters, or a group has activated an adapter: they are few.
        """
        if (model, adapter) not in self._runtimes:
            self._number += 1
            settings = replace(
                self._settings,
                model=model or self._settings.model,
                adapter=adapter or _NO_ADAPTER,
                connection_name=connection_name(f"hub-{os.getpid()}-{self._number}"),
            )
            supervisor = Supervisor(settings, log=log)
            self._runtimes[model, adapter] = supervisor, LocalBackend(supervisor, "notebook")
        return self._runtimes[model, adapter][1]

    async def states(self) -> dict[RuntimeKey, tuple[Status, int | None]]:
        """Return the status and the process id of each runtime."""
        runtimes = list(self._runtimes.items())
        states = await asyncio.gather(*(backend.status() for _, (_, backend) in runtimes))
        return {
            key: (state, supervisor.connection.pid if supervisor.connection else None)
            for (key, (supervisor, _)), state in zip(runtimes, states, strict=True)
        }

    async def start(self, model: str, adapter: str) -> Status:
        """Start a runtime; one that failed is restarted at most once a minute.

        Any user of a group may ask for it, and loading a model takes time and memory from others.
        """
        backend, now = self.get(model, adapter), time.monotonic()
        status = await backend.status()
        if status.state == "failed":
            if now - self._restarted.get((model, adapter), -_RESTART_PAUSE_S) < _RESTART_PAUSE_S:
                return status
            self._restarted[model, adapter] = now
        return await backend.start()

    async def restart(self, model: str, adapter: str) -> None:
        """Restart a runtime, which ends its responses; does nothing if there is none."""
        if (model, adapter) in self._runtimes:
            await self._runtimes[model, adapter][0].restart()

    async def load(self, model: str, adapter: str) -> Status:
        """Start a runtime, and return its status once it is ready or failed."""
        self._loading.add((model, adapter))
        try:
            backend = self.get(model, adapter)
            status = await backend.start()
            while status.state not in ("ready", "busy", "failed"):
                await asyncio.sleep(_POLL_S)
                status = await backend.status()
            return status
        finally:
            self._loading.discard((model, adapter))

    def retire(self, assigned: Collection[RuntimeKey]) -> None:
        """Stop the runtimes that no group is assigned to, once their responses have ended."""
        kept = {*assigned, *self._loading}
        for key in [key for key in self._runtimes if key not in kept]:
            runtime = self._runtimes.pop(key)
            task = asyncio.ensure_future(self._stop_later(runtime))
            self._retired[task] = runtime
            task.add_done_callback(lambda done: self._retired.pop(done, None))

    async def close(self) -> None:
        """Stop all runtimes."""
        retired, self._retired = self._retired, {}
        for task in retired:
            # It may not have started yet: what it would have stopped is stopped below.
            task.cancel()
        await asyncio.gather(*retired, return_exceptions=True)
        for runtime in (*retired.values(), *self._runtimes.values()):
            await _stop(runtime)

    async def _stop_later(self, runtime: _Runtime) -> None:
        await asyncio.sleep(self._settings.deadline_s)
        await _stop(runtime)


async def _stop(runtime: _Runtime) -> None:
    supervisor, backend = runtime
    await backend.close()
    await supervisor.stop()
