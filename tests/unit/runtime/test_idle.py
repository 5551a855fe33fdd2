"""A model that nobody uses is unloaded; its memory: ``tests/integration``."""

from __future__ import annotations

import asyncio
import gc
import weakref
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from jupyter_safecoder.engines.scripted import write_scripted_model
from jupyter_safecoder.errors import RuntimeNotReady
from jupyter_safecoder.protocol import CompletionRequest
from jupyter_safecoder.runtime.idle import free_memory, unload_when_idle
from jupyter_safecoder.runtime.runtime import Runtime
from tests.support.in_process_runtime import with_runtime

SCRIPT: dict[str, Any] = {"answers": [{"after": "stall", "stall": True}], "otherwise": "pass"}
#: The time of a test without a request, in minutes: half a second.
MINUTES = 0.5 / 60


async def _complete(runtime: Runtime, prefix: str = "x = ") -> str:
    assert runtime.completions is not None
    events = runtime.completions.events(CompletionRequest(prefix, ""), "")
    return [event async for event in events][-1].text  # type: ignore[union-attr]


async def _until(runtime: Runtime, state: str) -> None:
    while runtime.status().state != state:
        await asyncio.sleep(0.01)


async def _watched(runtime: Runtime, minutes: float = MINUTES) -> asyncio.Task[None]:
    return asyncio.ensure_future(unload_when_idle(runtime, minutes))


def test_it_is_unloaded_and_the_next_request_loads_it_again(tmp_path: Path) -> None:
    async def test(runtime: Runtime) -> None:
        engine = weakref.ref(runtime._generation._engine)  # type: ignore[union-attr]
        watch = await _watched(runtime)
        await _until(runtime, "off")
        status = runtime.status()
        assert status.reason == "The model was unloaded. No request came for 0.00833333 minutes."
        assert status.remedy == "The next notebook or request loads it again."
        assert status.model is not None
        while engine() is not None:
            await asyncio.sleep(0.01)
            gc.collect()
        watch.cancel()
        runtime.wake()
        assert runtime.status().state == "loading"
        runtime.wake()  # it is loaded once
        await _until(runtime, "ready")
        assert await _complete(runtime) == "pass"

    with_runtime(tmp_path, SCRIPT, test)


def test_it_stays_while_requests_come_or_run(tmp_path: Path) -> None:
    async def test(runtime: Runtime) -> None:
        watch = await _watched(runtime)
        for _ in range(8):
            await _complete(runtime)
            await asyncio.sleep(0.2)
        stalled = asyncio.ensure_future(_complete(runtime, "stall"))
        await asyncio.sleep(1.2)
        assert runtime.in_use
        assert runtime.status().state == "ready"
        stalled.cancel()
        with suppress(asyncio.CancelledError):
            await stalled
        await _until(runtime, "off")
        watch.cancel()

    with_runtime(tmp_path, SCRIPT, test)


def test_a_runtime_that_failed_is_not_unloaded(tmp_path: Path) -> None:
    async def test(runtime: Runtime) -> None:
        watch = await _watched(runtime, MINUTES / 50)
        await asyncio.sleep(0.3)
        assert runtime.status().state == "failed"
        runtime.wake()
        assert runtime.status().state == "failed"
        watch.cancel()

    with_runtime(tmp_path, SCRIPT, test, layout="none")


def test_another_model_can_be_chosen_while_it_is_unloaded(tmp_path: Path) -> None:
    other = str(write_scripted_model(tmp_path / "other", {"otherwise": "other"}))

    async def test(runtime: Runtime) -> None:
        await runtime.unload("A test.")
        with pytest.raises(RuntimeNotReady):
            await runtime.use_adapter("")
        await runtime.use_model(other)
        assert await _complete(runtime) == "other"

    with_runtime(tmp_path, SCRIPT, test)


def test_memory_is_freed_without_an_error() -> None:
    free_memory()
