"""The runtimes of a service: one for each model and adapter, so that nothing of two ever mixes."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from dataclasses import replace

from ..extension.gateway import Gateway
from ..extension.supervisor import Supervisor
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

    async def close(self) -> None:
        """End them all."""
        for supervisor, gateway in self._made.values():
            await gateway.close()
            await supervisor.stop()
