"""The endpoints of the side panel, on a server of its own and on a JupyterHub."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from jupyter_server.serverapp import ServerApp
from tornado.httpclient import HTTPClientError

from jupyter_safecoder.engines.scripted import write_scripted_model
from jupyter_safecoder.finetune.jobs.job_files import JobFiles
from jupyter_safecoder.finetune.jobs.status import JobStatus
from jupyter_safecoder.protocol import Error, ModelInfo, Status, encode_event
from tests.support.http_server import Received
from tests.support.hub_of_extension import use_hub, use_hub_at
from tests.support.jupyter_server import free_port
from tests.support.stored_adapters import store_adapter

Fetch = Callable[..., Any]
MODEL = ModelInfo(
    "safecoder-smol-135m+team", "starcoder", ("spm",), "spm", 8192, ("python",), "MIT"
)
JOB = JobStatus("team", "done", result={"examples": ["password = 1"]})


@pytest.fixture
def jp_server_config(tmp_path: Path, request: pytest.FixtureRequest) -> dict[str, Any]:
    model = write_scripted_model(tmp_path / "model", {"otherwise": "pass"})
    return {
        "ServerApp": {"jpserver_extensions": {"jupyter_safecoder": True}},
        "SafeCoder": {
            "start_runtime": "never",
            "cache_dir": str(tmp_path / "cache"),
            "engine": "scripted",
            "model": str(model),
            **getattr(request, "param", {}),
        },
    }


async def get(jp_fetch: Fetch, path: str) -> Any:
    return json.loads((await jp_fetch("jupyter-safecoder", path)).body)


def hub(request: Received) -> tuple[int, bytes]:
    """Respond as the service of a JupyterHub."""
    if request.path == "/status":
        return 200, Status("ready", "It is ready.", model=MODEL, adapter="team").to_json()
    assert request.path == "/jobs"
    return 200, json.dumps([asdict(JOB)]).encode()


async def test_a_server_of_its_own(jp_fetch: Fetch, tmp_path: Path) -> None:
    about = await get(jp_fetch, "about")
    assert about == {"model": None, "destination": "local", "address": "", "counted": False}
    assert await get(jp_fetch, "adapters") == {"adapters": [], "selected": "", "may_switch": True}
    assert await get(jp_fetch, "jobs") == {"jobs": []}
    files = JobFiles(tmp_path / "cache", "team")
    files.create()
    files.write("job.json", "{}")
    files.write_status(JOB)
    [job] = (await get(jp_fetch, "jobs"))["jobs"]
    assert (job["name"], job["state"]) == ("team", "done")
    assert "result" not in job


@pytest.mark.parametrize(
    "jp_server_config",
    [{"engine": "remote", "remote_url": "https://me:secret@llm.example/v1"}],
    indirect=True,
)
async def test_a_server_that_uses_another_one(jp_fetch: Fetch) -> None:
    about = await get(jp_fetch, "about")
    assert (about["destination"], about["address"]) == ("remote", "https://llm.example/v1")


@pytest.mark.parametrize(
    "jp_server_config",
    [{"engine": "remote", "remote_url": "https://me:secret@llm.example/v1"}],
    indirect=True,
)
async def test_places_that_data_goes_to(jp_fetch: Fetch) -> None:
    response = await jp_fetch("jupyter-safecoder", "privacy")
    assert b"secret@" not in response.body
    places = {one["id"]: one for one in json.loads(response.body)["places"]}
    assert places["safecoder.remote"]["safe"] is False
    assert places["safecoder.remote"]["to"] == "https://llm.example/v1"
    assert places["safecoder.downloads"]["safe"] is True


async def test_a_server_of_a_hub(jp_serverapp: ServerApp, jp_fetch: Fetch, tmp_path: Path) -> None:
    store_adapter(tmp_path / "cache", "own")
    async with use_hub(jp_serverapp, hub) as service:
        about = await get(jp_fetch, "about")
        assert (about["destination"], about["address"]) == ("hub", service.url)
        assert about["counted"] is True
        assert about["model"]["parameters"] > 100e6
        adapters = await get(jp_fetch, "adapters")
        assert adapters == {"adapters": [], "selected": "team", "may_switch": False}
        response = await jp_fetch("jupyter-safecoder", "jobs")
        assert b"password" not in response.body
        assert json.loads(response.body)["jobs"][0]["name"] == "team"
        for path, body in (("adapter", '{"adapter": "own"}'), ("restart", "")):
            with pytest.raises(HTTPClientError) as raised:
                await jp_fetch("jupyter-safecoder", path, method="POST", body=body)
            assert raised.value.code == 403
        assert all(request.path in ("/status", "/jobs") for request in service.requests)


async def test_a_hub_that_refuses_jobs_or_does_not_answer(
    jp_serverapp: ServerApp, jp_fetch: Fetch
) -> None:
    refusal = encode_event(Error("forbidden", "Your group may not train.", "Ask."))
    async with use_hub(jp_serverapp, lambda request: (403, refusal)):
        with pytest.raises(HTTPClientError) as raised:
            await get(jp_fetch, "jobs")
    assert raised.value.code == 403
    assert raised.value.response is not None
    assert json.loads(raised.value.response.body)["message"] == "Your group may not train."
    async with use_hub_at(jp_serverapp, f"http://127.0.0.1:{free_port()}"):
        with pytest.raises(HTTPClientError) as raised:
            await get(jp_fetch, "jobs")
    assert raised.value.code == 503


async def test_bodies_of_an_adapter_that_are_refused(jp_fetch: Fetch) -> None:
    for body, status in (("{}", 400), ('{"adapter": 3}', 400), ("x" * 5_000, 413)):
        with pytest.raises(HTTPClientError) as raised:
            await jp_fetch("jupyter-safecoder", "adapter", method="POST", body=body)
        assert raised.value.code == status


@pytest.mark.parametrize("jp_server_config", [{"start_runtime": "notebook"}], indirect=True)
async def test_another_adapter_and_a_restart(jp_fetch: Fetch) -> None:
    async def post(path: str, body: str = "") -> Any:
        response = await jp_fetch("jupyter-safecoder", path, method="POST", body=body)
        return json.loads(response.body)

    async def until_ready() -> None:
        while (await get(jp_fetch, "status"))["state"] != "ready":
            await asyncio.sleep(0.1)

    await post("start")
    await until_ready()
    assert (await post("adapter", '{"adapter": ""}'))["state"] == "ready"
    with pytest.raises(HTTPClientError) as raised:
        await post("adapter", '{"adapter": "missing"}')
    assert raised.value.response is not None
    assert "missing" in json.loads(raised.value.response.body)["message"]
    assert (await post("restart"))["state"] in ("starting", "loading", "ready")
    await until_ready()


async def test_an_adapter_without_a_runtime(jp_fetch: Fetch) -> None:
    with pytest.raises(HTTPClientError) as raised:
        await jp_fetch("jupyter-safecoder", "adapter", method="POST", body='{"adapter": ""}')
    assert raised.value.code == 503
