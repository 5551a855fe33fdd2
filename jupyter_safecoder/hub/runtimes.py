"""The runtimes of a service: one for each model and adapter, so that nothing of two ever mixes."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Iterator
from dataclasses import replace

from ..extension.gateway import Gateway
from ..extension.supervisor import Supervisor
from ..protocol import Status
from ..runtime.settings import RuntimeSettings

log = logging.getLogger(__name__)
#: An adapter of this name is none: the model as it is.
_NONE = "-"


class Runtimes:
    """Makes a runtime when it is asked for first.

    Parameters
    ----------
    settings
        Of each but for its model and adapter.
    """

    def __init__(self, settings: RuntimeSettings) -> None:
        self._settings = settings
        self._made: dict[tuple[str, str], tuple[Supervisor, Gateway]] = {}
        self._number = 0

    def get(self, model: str, adapter: str) -> Gateway:
        """Return the way to a runtime; empty: the service's model, no adapter."""
        # They are named by the policy alone: there are no more runtimes than it names.
        if (model, adapter) not in self._made:
            self._number += 1
            settings = replace(
                self._settings,
                model=model or self._settings.model,
                adapter=adapter or _NONE,
                connection_name=f"safecoder-hub-{os.getpid()}-{self._number}",
            )
            supervisor = Supervisor(settings, log=log)
            self._made[model, adapter] = supervisor, Gateway(supervisor, "notebook")
        return self._made[model, adapter][1]

    def __iter__(self) -> Iterator[tuple[str, str, Gateway]]:
        """Yield model, adapter and the way to each that was made."""
        for (model, adapter), (_, gateway) in list(self._made.items()):
            yield model or self._settings.model, adapter, gateway

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

    async def close(self) -> None:
        """End them all."""
        for supervisor, gateway in self._made.values():
            await gateway.close()
            await supervisor.stop()
