"""The endpoints: who is let in, when a refusal is sent, and in which form."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx
import pytest

from jupyter_safecoder.hub.access.authenticator import Authenticator
from jupyter_safecoder.hub.access.body_slots import MAX_RECEIVED
from jupyter_safecoder.hub.connections import Connections
from jupyter_safecoder.hub.handlers import make_app
from tests.support.hub_api import hub_api, user_model
from tests.support.hub_service import ServiceParts, make_service, served

PREFIX = "/services/safecoder/"
POLICY = '[groups.vision]\nfeatures = ["complete"]\n[groups.editors]\n'
OWNERS = {
    "ada": user_model("ada", ["vision"]),
    "bob": user_model("bob", ["editors"]),
    "eve": user_model("eve", []),
}
BODY = json.dumps({"version": 2, "prefix": "hello", "suffix": ""}).encode()
MAX_BYTES = 4096
Test = Callable[[httpx.AsyncClient, ServiceParts], Awaitable[None]]


def run(monkeypatch: pytest.MonkeyPatch, directory: Path, test: Test, **options: object) -> None:
    """Run a test with a client of the service's endpoints."""

    async def whole() -> None:
        parts = make_service(directory, POLICY, **options)  # type: ignore[arg-type]
        async with hub_api(monkeypatch, OWNERS):
            app = make_app(
                PREFIX, parts.service, Authenticator(30), MAX_BYTES, [], [], Connections()
            )
            async with (
                served(app) as url,
                httpx.AsyncClient(base_url=f"{url}{PREFIX}", trust_env=False) as client,
            ):
                await test(client, parts)
        await parts.service.close()

    asyncio.run(whole())


def token(name: str) -> dict[str, str]:
    return {"Authorization": f"token {name}"}


def test_health_is_for_everybody_and_nothing_else_is(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async def test(client: httpx.AsyncClient, parts: ServiceParts) -> None:
        assert (await client.get("health")).json() == {"ok": True, "status": "ok"}
        for method, path in (("GET", "status"), ("POST", "start"), ("GET", "v1/models")):
            response = await client.request(method, path)
            assert response.status_code == 401
        response = await client.post("completions", content=BODY)
        assert (response.status_code, response.json()["code"]) == (401, "unauthorized")
        assert response.headers["Cache-Control"] == "no-store"
        assert "Server" not in response.headers
        response = await client.get("nothing", headers=token("ada"))
        assert (response.status_code, response.json()["message"]) == (404, "Unknown endpoint.")

    run(monkeypatch, tmp_path, test)


def test_a_status_says_why_a_user_has_no_access(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async def test(client: httpx.AsyncClient, parts: ServiceParts) -> None:
        status = (await client.get("status", headers=token("eve"))).json()
        assert (status["state"], status["reason"]) == (
            "failed",
            "Your group is not allowed to use this feature.",
        )
        status = (await client.get("status", headers=token("ada"))).json()
        assert status["state"] == "off"

    run(monkeypatch, tmp_path, test)


def test_a_denied_request_is_recorded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    async def test(client: httpx.AsyncClient, parts: ServiceParts) -> None:
        response = await client.post("completions", content=BODY, headers=token("eve"))
        assert (response.status_code, response.json()["code"]) == (403, "forbidden")
        body = b'{"prompt": "hello"}'
        response = await client.post("v1/completions", content=body, headers=token("ada"))
        assert response.status_code == 403
        assert response.json()["error"]["code"] == "forbidden"
        assert [(r.user, r.action, r.reason) for r in parts.records] == [
            ("eve", "complete", "not granted"),
            ("ada", "text", "not granted"),
        ]

    run(monkeypatch, tmp_path, test)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "bad_request"),
        (b"", 400, "bad_request"),
        (b'{"version": 1, "prefix": "", "suffix": ""}', 400, "bad_request"),
        (b"x" * (MAX_BYTES + 1), 413, "too_large"),
        (b"x" * 2**20, 413, "too_large"),
        (BODY, 503, "not_ready"),
    ],
)
def test_bodies_that_are_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, body: bytes, status: int, code: str
) -> None:
    async def test(client: httpx.AsyncClient, parts: ServiceParts) -> None:
        response = await client.post("completions", content=body, headers=token("ada"))
        assert (response.status_code, response.json()["code"]) == (status, code)

    run(monkeypatch, tmp_path, test)


def test_a_limit_has_the_time_to_wait(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    async def test(client: httpx.AsyncClient, parts: ServiceParts) -> None:
        policy = "[groups.vision]\nrequests_per_minute = 1\n"
        (tmp_path / "policy.toml").write_text(policy)
        parts.service.gate.reload_policy()
        await client.post("completions", content=BODY, headers=token("ada"))
        response = await client.post("completions", content=BODY, headers=token("ada"))
        assert (response.status_code, response.json()["code"]) == (429, "queue_full")
        assert 1 <= int(response.headers["Retry-After"]) <= 60

    run(monkeypatch, tmp_path, test)


def test_completions_of_both_protocols_are_relayed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async def test(client: httpx.AsyncClient, parts: ServiceParts) -> None:
        await parts.service.runtimes.load("", "")
        response = await client.post("completions", content=BODY, headers=token("ada"))
        assert response.headers["Content-Type"] == "application/x-ndjson"
        done = json.loads(response.text.splitlines()[-1])
        assert (done["event"], done["text"]) == ("done", "_world()")
        models = (await client.get("v1/models", headers=token("bob"))).json()["data"]
        body = {"model": models[0]["id"], "prompt": "hello", "max_tokens": 8}
        response = await client.post("v1/completions", json=body, headers=token("bob"))
        assert response.json()["choices"][0]["text"] == "_world()"
        response = await client.get("v1/models/none", headers=token("bob"))
        assert response.status_code == 404

    script = {"answers": [{"after": "hello", "text": "_world()"}], "otherwise": "pass"}
    run(monkeypatch, tmp_path, test, script=script)


def test_nothing_is_received_from_who_has_reached_a_limit(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async def test(client: httpx.AsyncClient, parts: ServiceParts) -> None:
        (tmp_path / "policy.toml").write_text("[groups.vision]\nrequests_per_minute = 1\n")
        parts.service.gate.reload_policy()
        # One that cannot be parsed counts too.
        assert (await client.post("completions", content=b"{", headers=token("ada"))).is_error
        reader, writer = await asyncio.open_connection("127.0.0.1", client.base_url.port)
        writer.write(
            f"POST {PREFIX}completions HTTP/1.1\r\nHost: x\r\nAuthorization: token ada\r\n"
            "Content-Length: 8000000\r\n\r\n".encode()
        )
        head = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)).decode()
        writer.close()
        await writer.wait_closed()
        assert " 429 " in head.splitlines()[0]
        assert "Retry-After: " in head
        assert [record.reason for record in parts.records] == ["invalid", "limit"]

    run(monkeypatch, tmp_path, test)


def test_who_is_refused_again_and_again_has_to_wait(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async def test(client: httpx.AsyncClient, parts: ServiceParts) -> None:
        monkeypatch.setattr("jupyter_safecoder.hub.handlers._FLOOD_PAUSE_S", 0.0)
        monkeypatch.setattr("jupyter_safecoder.hub.access.flood_guard.MAX_BURST", 1000)

        async def send(user: str, body: bytes) -> int:
            response = await client.post("completions", content=body, headers=token(user))
            return response.status_code

        assert [await send("ada", b"{") for _ in range(61)] == [400] * 60 + [429]
        assert [await send("eve", BODY) for _ in range(61)] == [403] * 60 + [429]
        # Others are not affected, nor is anyone by refusals that are the service's.
        parts.service.gate.draining = True
        statuses = [(await client.post("v1/completions", headers=token("bob"))) for _ in range(61)]
        assert {status.status_code for status in statuses} == {503}

    run(monkeypatch, tmp_path, test)


def test_the_bodies_of_a_user_are_bounded_until_they_are_answered(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async def test(client: httpx.AsyncClient, parts: ServiceParts) -> None:
        slots = parts.service.gate.body_slots
        head = f"POST {PREFIX}completions HTTP/1.1\r\nHost: x\r\nAuthorization: token ada\r\n"
        head += "Content-Length: 4000\r\n\r\n"
        open_connections = []
        for number in range(1, MAX_RECEIVED + 1):
            _, writer = await asyncio.open_connection("127.0.0.1", client.base_url.port)
            writer.write(head.encode())
            open_connections.append(writer)
            while slots.total_bytes < 4000 * number:
                await asyncio.sleep(0.01)
        response = await client.post("completions", content=BODY, headers=token("ada"))
        assert (response.status_code, response.headers["Retry-After"]) == (429, "1")
        response = await client.post("v1/completions", content=b"{", headers=token("bob"))
        assert response.status_code == 400
        for writer in open_connections:
            writer.close()
        while slots.total_bytes:
            await asyncio.sleep(0.01)
        response = await client.post("completions", content=BODY, headers=token("ada"))
        assert response.status_code == 503

    run(monkeypatch, tmp_path, test)
