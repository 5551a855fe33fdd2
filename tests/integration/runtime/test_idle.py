"""A runtime process whose model is unloaded, and loaded again by the next request."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import psutil
import pytest

from jupyter_safecoder.clients.local_backend import LocalBackend
from jupyter_safecoder.clients.supervisor import Supervisor
from jupyter_safecoder.engines.scripted import write_scripted_model
from jupyter_safecoder.errors import RuntimeRequestError
from jupyter_safecoder.models import EMBEDDED
from jupyter_safecoder.protocol import CompletionRequest
from jupyter_safecoder.settings import RuntimeSettings
from tests.support.processes import runtime_process, until

#: Three seconds.
MINUTES = 3 / 60


def _private_bytes(pid: int) -> int:
    """Return the memory that no other process can share: without the code of libraries."""
    memory = psutil.Process(pid).memory_full_info()
    return int(memory.uss)


@pytest.mark.timeout(300)
def test_the_memory_of_the_model_is_freed(tmp_path: Path) -> None:
    with runtime_process(
        tmp_path, None, model=EMBEDDED, engine="openvino", idle_unload_minutes=MINUTES
    ) as runtime:
        client, pid = runtime.client, runtime.process.pid
        client.wait_until_ready()
        loaded = _private_bytes(pid)
        until(lambda: client.status().state == "off", 120)
        # Of the model nothing is left: what remains is Python and the libraries of the engine.
        until(lambda: _private_bytes(pid) < 150e6, 30)
        assert loaded > 300e6
        request = CompletionRequest("import numpy as ", "")
        with pytest.raises(RuntimeRequestError, match="is loaded again"):
            client.complete(request)
        assert client.status().state in ("preparing", "loading", "ready")
        client.wait_until_ready()
        assert client.complete(request).text


def test_a_notebook_that_is_opened_loads_the_model_again(tmp_path: Path) -> None:
    model = write_scripted_model(tmp_path / "model", {"otherwise": "pass"})
    settings = RuntimeSettings(
        str(model), engine="scripted", idle_unload_minutes=0.5 / 60, cache_dir=str(tmp_path / "c")
    )

    async def run() -> None:
        supervisor = Supervisor(settings, logging.getLogger("test"))
        backend = LocalBackend(supervisor, "notebook")
        try:
            await backend.start()
            await _until(backend, "ready")
            await _until(backend, "off")
            assert (await backend.start()).state in ("loading", "preparing", "ready")
            await _until(backend, "ready")
        finally:
            await backend.close()
            await supervisor.stop()

    asyncio.run(asyncio.wait_for(run(), 60))


async def _until(backend: LocalBackend, state: str) -> None:
    while (await backend.status()).state != state:
        await asyncio.sleep(0.02)
