"""One runtime for each model and adapter; those that nobody needs any more stop."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from jupyter_safecoder.engines.scripted import write_scripted_model
from jupyter_safecoder.hub.runtimes import Runtimes
from jupyter_safecoder.settings import RuntimeSettings


def make_runtimes(directory: Path, **settings: float) -> Runtimes:
    model = write_scripted_model(directory / "model", {"otherwise": "pass"})
    return Runtimes(
        RuntimeSettings(
            model=str(model),
            engine="scripted",
            cache_dir=str(directory / "cache"),
            **settings,  # type: ignore[arg-type]
        )
    )


def test_each_model_and_adapter_has_a_runtime_of_its_own(tmp_path: Path) -> None:
    runtimes = make_runtimes(tmp_path)
    clients = {runtimes.get(*key) for key in [("", ""), ("", "a"), ("", "b"), ("m", "a")]}
    assert len(clients) == 4
    assert runtimes.get("", "a") in clients


def test_creating_a_runtime_starts_nothing(tmp_path: Path) -> None:
    async def test() -> None:
        runtimes = make_runtimes(tmp_path)
        runtimes.get("", "")
        [(status, pid)] = (await runtimes.states()).values()
        assert (status.state, pid) == ("off", None)
        await runtimes.restart("", "never made")
        assert len(await runtimes.states()) == 1
        await runtimes.close()

    asyncio.run(test())


def test_a_runtime_is_loaded_restarted_and_retired(tmp_path: Path) -> None:
    async def test() -> None:
        runtimes = make_runtimes(tmp_path, deadline_s=0.1)
        status = await runtimes.load("", "")
        assert status.state == "ready"
        [(_, pid)] = (await runtimes.states()).values()
        await runtimes.restart("", "")
        assert (await runtimes.load("", "")).state == "ready"
        [(_, restarted)] = (await runtimes.states()).values()
        assert restarted != pid
        runtimes.retire({("", "")})
        assert len(await runtimes.states()) == 1
        runtimes.retire(set())
        assert await runtimes.states() == {}
        await runtimes.close()
        assert not Path(f"/proc/{restarted}").exists()

    asyncio.run(test())


def test_a_runtime_that_loads_is_not_retired(tmp_path: Path) -> None:
    async def test() -> None:
        runtimes = make_runtimes(tmp_path)
        loading = asyncio.ensure_future(runtimes.load("", ""))
        await asyncio.sleep(0)
        runtimes.retire(set())
        assert (await loading).state == "ready"
        await runtimes.close()

    asyncio.run(test())


def test_users_restart_a_failed_runtime_at_most_once_a_minute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def failed(runtimes: Runtimes) -> int | None:
        """Return the process of the runtime once it has failed."""
        while (found := (await runtimes.states())["", ""])[0].state != "failed":
            await asyncio.sleep(0.05)
        return found[1]

    async def test() -> None:
        settings = RuntimeSettings(model=str(tmp_path / "none"), cache_dir=str(tmp_path))
        runtimes = Runtimes(settings)
        assert (await runtimes.load("", "")).state == "failed"
        first = await failed(runtimes)
        assert (await runtimes.start("", "")).state != "failed"
        second = await failed(runtimes)
        assert second != first
        assert (await runtimes.start("", "")).state == "failed"
        assert await failed(runtimes) == second
        monkeypatch.setattr("jupyter_safecoder.hub.runtimes._RESTART_PAUSE_S", 0.0)
        assert (await runtimes.start("", "")).state != "failed"
        await runtimes.close()

    asyncio.run(test())
