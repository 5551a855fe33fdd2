"""The state of a runtime: load, fail, change adapters, lose its engine."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from jupyter_safecoder.engines.scripted import write_scripted_model
from jupyter_safecoder.errors import EngineError, ModelError, RuntimeNotReady
from jupyter_safecoder.models import AUTO_MODEL
from jupyter_safecoder.models.selected import record_selected_model, selected_model
from jupyter_safecoder.protocol import CompletionRequest
from jupyter_safecoder.runtime.load_memory import MemoryEstimate
from jupyter_safecoder.runtime.runtime import Runtime
from jupyter_safecoder.settings import RuntimeSettings
from tests.support.in_process_runtime import with_runtime

SCRIPT: dict[str, Any] = {
    "answers": [
        {"after": "stall", "stall": True},
        {"after": "fail", "text": "a", "fail_after": 0},
    ],
    "otherwise": "pass",
}


async def _last(runtime: Runtime, prefix: str = "x = ") -> Any:
    assert runtime.completions is not None
    request = CompletionRequest(prefix, "")
    return [event async for event in runtime.completions.events(request, "")][-1]


def test_a_new_runtime_is_starting() -> None:
    runtime = Runtime(RuntimeSettings("model"))
    assert runtime.status().state == "starting"
    assert runtime.completions is None


def test_a_loaded_runtime_is_ready(tmp_path: Path) -> None:
    async def test(runtime: Runtime) -> None:
        status = runtime.status()
        assert (status.state, status.engine, status.adapter) == ("ready", "scripted", None)
        assert status.model is not None
        assert status.model.name == "scripted"
        assert status.reason.startswith("scripted is ready.")
        assert (await _last(runtime)).text == "pass"

    with_runtime(tmp_path, SCRIPT, test)


def test_the_settings_name_the_model_that_was_chosen(tmp_path: Path) -> None:
    chosen = str(write_scripted_model(tmp_path / "chosen", SCRIPT))
    record_selected_model(tmp_path / "cache", chosen)

    async def test(runtime: Runtime) -> None:
        # It is served until the next start, whatever would be chosen by then.
        record_selected_model(tmp_path / "cache", "another")
        assert runtime.settings.model == AUTO_MODEL
        assert runtime.served_settings().model == chosen
        other = str(write_scripted_model(tmp_path / "other", SCRIPT))
        await runtime.use_model(other)
        assert runtime.served_settings().model == other

    with_runtime(tmp_path, SCRIPT, test, model=AUTO_MODEL)


def test_memory_is_reported_around_the_load(tmp_path: Path) -> None:
    reported: list[MemoryEstimate | None] = []
    model = str(write_scripted_model(tmp_path / "model", SCRIPT))
    settings = RuntimeSettings(model, engine="scripted", cache_dir=str(tmp_path / "cache"))

    async def run() -> None:
        runtime = Runtime(settings, reported.append)
        await runtime.load()
        runtime.close()

    asyncio.run(run())
    before, after = reported
    assert before is not None
    assert before.model == "scripted"
    assert after is None


@pytest.mark.parametrize("settings", [{"model": "/none"}, {"layout": "odd"}, {"engine": "none"}])
def test_a_model_that_cannot_be_loaded_is_a_status(
    tmp_path: Path, settings: dict[str, str]
) -> None:
    async def test(runtime: Runtime) -> None:
        status = runtime.status()
        assert status.state == "failed"
        assert status.reason
        assert status.remedy
        with pytest.raises(RuntimeNotReady):
            await runtime.use_adapter("")

    with_runtime(tmp_path, SCRIPT, test, **settings)


def test_requests_in_the_queue_make_it_busy(tmp_path: Path) -> None:
    async def test(runtime: Runtime) -> None:
        requests = [asyncio.ensure_future(_last(runtime, "stall")) for _ in range(3)]
        await asyncio.sleep(0.05)
        status = runtime.status()
        assert (status.state, status.queue) == ("busy", 2)
        for request in requests:
            request.cancel()
        await asyncio.wait(requests)
        assert runtime.status().state == "ready"

    with_runtime(tmp_path, SCRIPT, test, max_running=1)


def test_an_adapter_that_is_not_there_changes_nothing(tmp_path: Path) -> None:
    async def test(runtime: Runtime) -> None:
        with pytest.raises((ModelError, EngineError)) as raised:
            await runtime.use_adapter("none")
        assert raised.value.remedy
        assert runtime.status().state == "ready"
        assert (await _last(runtime)).text == "pass"

    with_runtime(tmp_path, SCRIPT, test)


def test_another_engine_takes_over_while_the_old_one_finishes(tmp_path: Path) -> None:
    async def test(runtime: Runtime) -> None:
        old = runtime.scheduler
        running = asyncio.ensure_future(_last(runtime, "stall"))
        await asyncio.sleep(0.05)
        change = asyncio.ensure_future(runtime.use_adapter(""))
        while runtime.scheduler is old:
            await asyncio.sleep(0.01)
        with pytest.raises(RuntimeNotReady):
            await runtime.use_adapter("")
        assert (await _last(runtime)).text == "pass"
        assert not change.done()
        await running
        await change

    with_runtime(tmp_path, SCRIPT, test, deadline_s=1)


def test_another_model_takes_over_and_back(tmp_path: Path) -> None:
    other = write_scripted_model(tmp_path / "other", {"otherwise": "return"})

    async def test(runtime: Runtime) -> None:
        first = runtime.settings.model
        await runtime.use_model(str(other))
        assert (await _last(runtime)).text == "return"
        assert runtime.settings.model == str(other)
        # The adapter is one of the model that is served now.
        await runtime.use_adapter("")
        assert (await _last(runtime)).text == "return"
        with pytest.raises(ModelError):
            await runtime.use_model("/none")
        assert (await _last(runtime)).text == "return"
        assert selected_model(runtime.settings.cache) == str(other)
        await runtime.use_model(first)
        assert (await _last(runtime)).text == "pass"
        assert runtime.models().selected == first

    with_runtime(tmp_path, SCRIPT, test, cache_dir=str(tmp_path / "cache"))


def test_another_model_is_the_remedy_for_one_that_failed(tmp_path: Path) -> None:
    other = write_scripted_model(tmp_path / "other", {"otherwise": "return"})

    async def test(runtime: Runtime) -> None:
        assert runtime.status().state == "failed"
        await runtime.use_model(str(other))
        assert runtime.status().state == "ready"
        assert (await _last(runtime)).text == "return"

    cache = str(tmp_path / "cache")
    with_runtime(tmp_path, SCRIPT, test, model="/none", cache_dir=cache)


def test_an_engine_that_fails_ends_the_runtime(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def test(runtime: Runtime) -> None:
        with pytest.raises(EngineError):
            await _last(runtime, "fail")
        await asyncio.wait_for(runtime.engine_failed.wait(), 1)
        assert runtime.status().state == "failed"
        assert runtime.completions is None
        assert runtime.openai_completions is None

    with_runtime(tmp_path, SCRIPT, test)
    assert "The engine failed: RuntimeError" in caplog.text
