"""Unloads a model that is not used, and gives its memory back to the machine."""

from __future__ import annotations

import asyncio
import ctypes
import gc
import sys
import time
from typing import Protocol

from jupyter_safecoder.protocol import Counters

#: The longest pause between two checks, in seconds.
_MAX_CHECK_S = 30.0


class Unloadable(Protocol):
    """What has a model that can be unloaded: the runtime."""

    @property
    def in_use(self) -> bool:
        """Whether a request waits or runs."""

    @property
    def counters(self) -> Counters:
        """Sums since the start."""

    async def unload(self, reason: str) -> None:
        """Unload the model, for a reason that users see."""


async def unload_when_idle(runtime: Unloadable, minutes: float) -> None:
    """Unload the model whenever no request has come for so long; never returns.

    Parameters
    ----------
    runtime
        Has the model. A request loads it again.
    minutes
        The time; the status may be asked for meanwhile.
    """
    seconds = 60 * minutes
    requests, since = -1, time.monotonic()
    while True:
        await asyncio.sleep(min(_MAX_CHECK_S, seconds / 4))
        if runtime.in_use or runtime.counters.requests != requests:
            requests, since = runtime.counters.requests, time.monotonic()
        elif time.monotonic() - since >= seconds:
            await runtime.unload(f"No request came for {minutes:g} minutes.")


def free_memory() -> None:
    """Give the memory of what was deleted back to the machine, as far as the C library can."""
    gc.collect()
    torch = sys.modules.get("torch")  # not imported for this
    if torch is not None and torch.cuda.is_available():
        torch.cuda.empty_cache()
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # musl has none
        if trim is not None:
            trim(0)
