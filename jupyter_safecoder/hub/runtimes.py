"""The runtimes of a service: one for each model and adapter, so that nothing of two ever mixes."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Collection
from dataclasses import replace

from jupyter_safecoder.clients.local_backend import LocalBackend
from jupyter_safecoder.clients.supervisor import Supervisor
from jupyter_safecoder.protocol import Status
from jupyter_safecoder.settings import RuntimeSettings

log = logging.getLogger(__name__)
#: An adapter of this name is none: the model as it is.
_NONE = "-"
#: Between two looks at a runtime that is loading, in seconds.
_POLL_S = 0.2


class Runtimes:
    """Makes a runtime when it is asked for first.

    Parameters
    ----------
    settings
        Of each but for its model and adapter.
    """

    def __init__(self, settings: RuntimeSettings) -> None:
        self._settings = settings
        self._made: dict[tuple[str, str], tuple[Supervisor, LocalBackend]] = {}
        self._number = 0
        #: Those that are loaded before anybody is served with them.
        self._coming: set[tuple[str, str]] = set()
        self._ending: set[asyncio.Task[None]] = set()

    def get(self, model: str, adapter: str) -> LocalBackend:
        """Return the way to a runtime; empty: the service's model, no adapter."""
        # The policy names them, or a group has chosen one: there are not many.
        if (model, adapter) not in self._made:
            self._number += 1
            settings = replace(
                self._settings,
                model=model or self._settings.model,
                adapter=adapter or _NONE,
                connection_name=f"safecoder-hub-{os.getpid()}-{self._number}",
            )
            supervisor = Supervisor(settings, log=log)
            self._made[model, adapter] = supervisor, LocalBackend(supervisor, "notebook")
        return self._made[model, adapter][1]

    async def states(self) -> dict[tuple[str, str], tuple[Status, int | None]]:
        """Return the state and the process of each that was made, by its model and adapter."""
        made = list(self._made.items())
        states = await asyncio.gather(*(gateway.status() for _, (_, gateway) in made))
        return {
            key: (state, supervisor.connection.pid if supervisor.connection else None)
            for (key, (supervisor, _)), state in zip(made, states, strict=True)
        }

    async def restart(self, model: str, adapter: str) -> None:
        """End one with what it answers, and start it anew; does nothing where there is none."""
        if (model, adapter) in self._made:
            await self._made[model, adapter][0].restart()

    async def load(self, model: str, adapter: str) -> Status:
        """Start one, and return its state once it is ready or failed."""
        self._coming.add((model, adapter))
        try:
            gateway = self.get(model, adapter)
            status = await gateway.start()
            while status.state not in ("ready", "busy", "failed"):
                await asyncio.sleep(_POLL_S)
                status = await gateway.status()
            return status
        finally:
            self._coming.discard((model, adapter))

    def retire(self, served: Collection[tuple[str, str]]) -> None:
        """End those that nobody is served with any more, when they have ended what they began."""
        for key in [key for key in self._made if key not in served and key not in self._coming]:
            task = asyncio.ensure_future(self._end(*self._made.pop(key)))
            self._ending.add(task)
            task.add_done_callback(self._ending.discard)

    async def _end(self, supervisor: Supervisor, gateway: LocalBackend) -> None:
        try:
            await asyncio.sleep(self._settings.deadline_s)
        finally:
            await gateway.close()
            await supervisor.stop()

    async def close(self) -> None:
        """End them all."""
        for task in self._ending:
            task.cancel()
        await asyncio.gather(*self._ending, return_exceptions=True)
        for supervisor, gateway in self._made.values():
            await gateway.close()
            await supervisor.stop()
