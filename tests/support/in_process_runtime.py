"""A runtime in the process of a test, with the scripted engine."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import anyio

from jupyter_safecoder.engines.scripted import write_scripted_model
from jupyter_safecoder.runtime.runtime import Runtime
from jupyter_safecoder.settings import RuntimeSettings

T = TypeVar("T")
#: Seconds in which the engine's thread must end.
_END_S = 20.0


@asynccontextmanager
async def loaded_runtime(
    directory: Path, script: dict[str, Any], **settings: Any
) -> AsyncIterator[Runtime]:
    """Yield a runtime that has loaded a scripted model, or has failed to."""
    model = write_scripted_model(directory / "model", script)
    values = {"model": str(model), "engine": "scripted", "cache_dir": str(directory / "cache")}
    runtime = Runtime(RuntimeSettings(**{**values, **settings}))
    others = set(threading.enumerate())
    await runtime.load()
    try:
        yield runtime
    finally:
        runtime.close()
        # The engine's thread must not outlive the event loop.
        with anyio.fail_after(_END_S):
            while any(
                thread.name == "safecoder-engine" and thread not in others
                for thread in threading.enumerate()
            ):
                await asyncio.sleep(0.01)


def with_runtime(
    directory: Path,
    script: dict[str, Any],
    test: Callable[[Runtime], Awaitable[T]],
    **settings: Any,
) -> T:
    """Run a test with a loaded runtime, at most 20 seconds; returns its result."""

    async def run() -> T:
        async with loaded_runtime(directory, script, **settings) as runtime:
            return await asyncio.wait_for(_awaited(test(runtime)), 20)

    return asyncio.run(run())


async def _awaited(test: Awaitable[T]) -> T:
    return await test
