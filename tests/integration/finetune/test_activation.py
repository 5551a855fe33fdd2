"""An adapter is activated while a completion is generated."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from jupyter_safecoder.clients.discovery import own_runtime
from jupyter_safecoder.clients.runtime_client import RuntimeClient
from jupyter_safecoder.models import ModelDescription
from jupyter_safecoder.protocol import CompletionOptions, CompletionRequest, Done, Event
from jupyter_safecoder.settings import RuntimeSettings
from tests.support.processes import RuntimeProcess, until
from tests.support.tiny_adapters import make_adapter

pytestmark = pytest.mark.timeout(180)

#: Long enough to be generated while another engine is loaded.
LONG = CompletionRequest(
    "x = ", "", document="long", options=CompletionOptions(max_tokens=1024, rules=False)
)
SHORT = replace(
    LONG,
    prefix="import teamkit",
    document="short",
    options=CompletionOptions(max_tokens=24, rules=False),
)


def test_a_running_completion_is_finished_and_the_next_is_the_adapters(
    tiny_models: Callable[[str], ModelDescription],
    start_runtime: Callable[..., RuntimeProcess],
    tmp_path: Path,
) -> None:
    model, cache = tiny_models("llama"), tmp_path / "cache"
    make_adapter(model, cache, "ours")
    settings = RuntimeSettings(
        str(model.weights), cache_dir=str(cache), engine="transformers", deadline_s=100
    )
    with own_runtime(replace(settings, adapter="ours")) as fresh:
        fresh.wait_until_ready()
        tuned = fresh.complete(SHORT)
    runtime = start_runtime(
        model=settings.model, cache_dir=settings.cache_dir, engine="transformers", deadline_s=100
    )
    client = runtime.client
    client.wait_until_ready()
    base, undisturbed = client.complete(SHORT), client.complete(LONG)
    assert base.text != tuned.text

    events: list[Event] = []

    def ask() -> None:
        with RuntimeClient(runtime.connection) as own:
            events.extend(own.events(LONG))

    def switch() -> None:
        with RuntimeClient(runtime.connection) as own:
            own.use_adapter("ours")

    asking, switching = threading.Thread(target=ask), threading.Thread(target=switch)
    asking.start()
    switching.start()
    until(lambda: client.status().adapter == "ours", 60)
    assert asking.is_alive(), "It was finished before the adapter was loaded: make it longer."
    after = client.complete(SHORT)
    asking.join(60)
    switching.join(60)
    assert not asking.is_alive()
    assert not switching.is_alive()

    # The old engine finished its request, and the new one shares none of its KV cache.
    done = events[-1]
    assert isinstance(done, Done)
    assert (done.text, done.finish_reason) == (undisturbed.text, undisturbed.finish_reason)
    assert (after.text, after.completion_tokens) == (tuned.text, tuned.completion_tokens)
    assert client.use_adapter("").adapter is None
    assert client.complete(SHORT).text == base.text
