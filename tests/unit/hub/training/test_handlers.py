"""Endpoints of training: the same refusals for all, and bodies within their limits."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Awaitable, Callable
from dataclasses import replace

import httpx
import pytest

from jupyter_safecoder.finetune.documents import read_documents_file
from jupyter_safecoder.hub.access.authenticator import Authenticator
from jupyter_safecoder.hub.connections import Connections
from jupyter_safecoder.hub.constants import COMPLETE, TRAIN
from jupyter_safecoder.hub.handlers import make_app
from jupyter_safecoder.hub.training.handlers import training_routes
from jupyter_safecoder.hub.training.submission import JobSubmission, encode
from jupyter_safecoder.protocol import Cell
from tests.support.hub_api import ACCESS, hub_api, user_model
from tests.support.hub_service import served

from .conftest import TrainingParts, submission

PREFIX = "/services/safecoder/"
OWNERS = {
    "ada": user_model("ada", ["vision"], ACCESS, COMPLETE, TRAIN),
    "eve": user_model("eve", ["vision"], ACCESS, COMPLETE),
}
ENDPOINTS = [
    ("GET", "jobs"),
    ("POST", "jobs"),
    ("GET", "jobs/ours"),
    ("DELETE", "jobs/ours"),
    ("POST", "jobs/ours/stop"),
    ("POST", "jobs/ours/resume"),
    ("GET", "adapters"),
    ("POST", "adapters/use"),
]
Test = Callable[[httpx.AsyncClient], Awaitable[None]]


def run(monkeypatch: pytest.MonkeyPatch, training_parts: TrainingParts, test: Test) -> None:
    """Run a test with a client of the endpoints."""

    async def whole() -> None:
        service = training_parts.parts.service
        async with hub_api(monkeypatch, OWNERS):
            routes = training_routes(training_parts.training)
            app = make_app(PREFIX, service, Authenticator(30), 4096, routes, [], Connections())
            async with (
                served(app) as url,
                httpx.AsyncClient(base_url=f"{url}{PREFIX}", trust_env=False) as client,
            ):
                await test(client)
        await service.close()

    asyncio.run(whole())


def token(name: str) -> dict[str, str]:
    return {"Authorization": f"token {name}"}


def test_without_the_scope_every_endpoint_refuses(
    monkeypatch: pytest.MonkeyPatch, training_parts: TrainingParts
) -> None:
    async def test(client: httpx.AsyncClient) -> None:
        for method, path in ENDPOINTS:
            response = await client.request(method, path, headers=token("eve"))
            assert (response.status_code, response.json()["code"]) == (403, "forbidden")
            response = await client.request(method, path)
            assert response.status_code == 401
        assert {record.reason for record in training_parts.parts.records} == {"no scope"}

    run(monkeypatch, training_parts, test)


def test_a_job_is_submitted_listed_stopped_and_deleted(
    monkeypatch: pytest.MonkeyPatch, training_parts: TrainingParts
) -> None:
    async def test(client: httpx.AsyncClient) -> None:
        headers = token("ada")
        response = await client.post("jobs", content=encode(submission()), headers=headers)
        assert response.json()["state"] == "waiting"
        [job] = (await client.get("jobs", headers=headers)).json()
        assert job["name"] == "ours"
        assert (await client.get("jobs/none", headers=headers)).status_code == 404
        response = await client.post("jobs/ours/stop", headers=headers)
        assert response.json()["state"] == "stopped"
        response = await client.post("jobs/ours/resume", headers=headers)
        assert response.json()["state"] == "waiting"
        response = await client.delete("jobs/ours", headers=headers)
        assert (response.status_code, response.json()["message"]) == (
            409,
            "The job ours runs or waits.",
        )
        await client.post("jobs/ours/stop", headers=headers)
        assert (await client.delete("jobs/ours", headers=headers)).json() is None
        assert (await client.get("jobs", headers=headers)).json() == []
        assert (await client.get("adapters", headers=headers)).json() == []

    run(monkeypatch, training_parts, test)


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("jobs", b"", 400),
        ("jobs", b"{}", 400),
        ("jobs", gzip.compress(bytes(33 * 2**20)), 413),
        ("jobs", b"x" * (16 * 2**20 + 1), 413),
        ("adapters/use", b"", 400),
        ("adapters/use", b'{"name": 3, "previous": false}', 400),
        ("adapters/use", b'{"name": "x", "previous": "no"}', 400),
        ("adapters/use", b'{"name": "none", "previous": false}', 409),
        ("adapters/use", b"x" * 4097, 413),
    ],
)
def test_bodies_that_are_refused(
    monkeypatch: pytest.MonkeyPatch,
    training_parts: TrainingParts,
    path: str,
    body: bytes,
    status: int,
) -> None:
    async def test(client: httpx.AsyncClient) -> None:
        response = await client.post(path, content=body, headers=token("ada"))
        assert response.status_code == status
        assert response.json()["event"] == "error"

    run(monkeypatch, training_parts, test)


def test_a_disk_or_database_that_fails_is_said(
    monkeypatch: pytest.MonkeyPatch, training_parts: TrainingParts
) -> None:
    async def test(client: httpx.AsyncClient) -> None:
        def fail(path: object, documents: object) -> None:
            raise OSError(27, "File too large")

        monkeypatch.setattr("jupyter_safecoder.hub.training.group_jobs.write_documents_file", fail)
        response = await client.post("jobs", content=encode(submission()), headers=token("ada"))
        assert (response.status_code, response.json()["message"]) == (
            503,
            "The service cannot write this: File too large.",
        )
        with training_parts.parts.database.engine.begin() as connection:
            connection.exec_driver_sql("DROP TABLE training_job")
        response = await client.get("jobs", headers=token("ada"))
        assert (response.status_code, response.json()["message"]) == (
            503,
            "The service's database cannot be used.",
        )

    run(monkeypatch, training_parts, test)


def test_a_group_submits_one_job_at_a_time(
    monkeypatch: pytest.MonkeyPatch, training_parts: TrainingParts
) -> None:
    async def test(client: httpx.AsyncClient) -> None:
        _, writer = await asyncio.open_connection("127.0.0.1", client.base_url.port)
        writer.write(
            f"POST {PREFIX}jobs HTTP/1.1\r\nHost: x\r\nAuthorization: token ada\r\n"
            "Content-Length: 4000\r\n\r\n".encode()
        )
        while not training_parts.training._submitting:
            await asyncio.sleep(0.01)
        content, headers = encode(submission()), token("ada")
        response = await client.post("jobs", content=content, headers=headers)
        assert (response.status_code, response.headers["Retry-After"]) == (429, "5")
        assert (await client.get("jobs", headers=headers)).status_code == 200
        writer.close()
        await writer.wait_closed()
        while training_parts.training._submitting:
            await asyncio.sleep(0.01)
        response = await client.post("jobs", content=content, headers=headers)
        assert response.json()["state"] == "waiting"

    run(monkeypatch, training_parts, test)


def test_what_the_policy_excludes_is_not_trained_and_is_counted(
    monkeypatch: pytest.MonkeyPatch, training_parts: TrainingParts
) -> None:
    async def test(client: httpx.AsyncClient) -> None:
        parts = training_parts.parts
        (parts.directory / "policy.toml").write_text(
            "[groups.vision]\nexclude_paths = ['finance/*']\nexclude_text = ['secret']\n"
        )
        parts.service.gate.reload_policy()
        [one] = submission().documents
        secret = replace(one, cells=(*one.cells, Cell("code", "Secret")), numbers=(0, 1))
        body = JobSubmission("ours", {}, [one, secret], [["/home/ada/finance/a.py"], ["/b.py"]])
        response = await client.post("jobs", content=encode(body), headers=token("ada"))
        status = response.json()
        assert (status["documents"], status["excluded_documents"]) == (1, 1)
        assert status["excluded_cells"] == 1
        [file] = parts.settings.cache.glob("jobs/*/documents.json")
        [kept] = read_documents_file(file)
        assert kept.cells == one.cells
        assert "finance" not in str([path.read_text() for path in file.parent.glob("*.json")])

    run(monkeypatch, training_parts, test)
