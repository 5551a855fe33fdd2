"""The backend of a user's server on a JupyterHub."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path
from typing import TypeVar

import pytest

from jupyter_safecoder.clients.hub_backend import HubBackend
from jupyter_safecoder.clients.hub_client import hub_http_client
from jupyter_safecoder.clients.service_address import socket_url
from jupyter_safecoder.errors import ConnectionLost, RuntimeUnavailable
from jupyter_safecoder.protocol import USER_HEADER, Error, Status, encode_event
from tests.support.http_server import http_server

T = TypeVar("T")


def _run(url: str, use: Callable[[HubBackend], Awaitable[T]]) -> T:
    async def run() -> T:
        backend = HubBackend(url, "secret")
        try:
            return await use(backend)
        finally:
            await backend.close()

    return asyncio.run(run())


def test_requests_have_the_token_and_no_user() -> None:
    async def complete(backend: HubBackend) -> bytes:
        async with backend.request("POST", "/completions", "ada", b"body") as response:
            return await response.read()

    with http_server(lambda received: (200, b"lines")) as server:
        assert _run(f"{server.url}/safecoder/", complete) == b"lines"
    (request,) = server.requests
    assert (request.path, request.body) == ("/safecoder/completions", b"body")
    assert request.headers["Authorization"] == "token secret"
    assert USER_HEADER not in request.headers


def test_status_and_start() -> None:
    with http_server(lambda received: (200, Status("ready", "Ready.").to_json())) as server:
        assert _run(server.url, lambda backend: backend.status()).state == "ready"
        assert _run(server.url, lambda backend: backend.start()).state == "ready"
    assert [(r.method, r.path) for r in server.requests] == [("GET", "/status"), ("POST", "/start")]


def test_a_refusal_is_a_failed_status() -> None:
    denied = encode_event(Error("forbidden", "Not your group.", "Ask."))
    with http_server(lambda received: (403, denied)) as server:
        status = _run(server.url, lambda backend: backend.status())
    assert status == Status("failed", "Not your group.", "Ask.")


def test_a_service_that_is_gone() -> None:
    async def complete(backend: HubBackend) -> None:
        async with backend.request("POST", "/completions", "ada", b""):
            pytest.fail("There is no service.")

    with http_server(lambda received: (200, b"")) as server:
        pass
    status = _run(server.url, lambda backend: backend.status())
    assert status.state == "failed"
    assert server.url in status.reason
    with pytest.raises(RuntimeUnavailable) as raised:
        _run(server.url, complete)
    assert (raised.value.reason, raised.value.remedy) == (status.reason, status.remedy)


@pytest.mark.parametrize("kind", ["absent", "directory", "text", "empty", "binary", "null"])
def test_certificate_authorities_that_cannot_be_read(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "ca.pem"
    if kind == "directory":
        path.mkdir()
    elif kind != "absent":
        path.write_bytes({"text": b"x", "empty": b"", "binary": b"\xff\0"}.get(kind, b""))

    async def use() -> None:
        name = "a\0b" if kind == "null" else str(path)
        backend = HubBackend("https://127.0.0.1:1/safecoder", "secret", name)
        for status in (await backend.status(), await backend.start()):
            assert status.state == "failed"
            assert "The file of certificate authorities" in status.reason
            assert "c.SafeCoder.service_ca_file" in status.remedy
        with pytest.raises(RuntimeUnavailable, match="The file of certificate authorities"):
            async with backend.request("POST", "/completions", "ada", b""):
                pytest.fail("Nothing is sent.")
        await backend.close()

    asyncio.run(use())


@pytest.mark.parametrize(
    "url",
    [
        *("https://[", "https://host:port/", "ftp://host/", "host:8765", "https://", "http://h:0"),
        *("http+unix://relative.sock/", "http+unix://%2Fa%00b/", "http+unix:///path"),
    ],
)
def test_addresses_that_are_none(url: str) -> None:
    status = _run(url, lambda backend: backend.status())
    assert status.state == "failed"
    assert "is not a URL" in status.reason
    assert "c.SafeCoder.service_url" in status.remedy


def test_what_is_no_service() -> None:
    with http_server(lambda received: (200, b"<html>")) as server:
        assert _run(server.url, lambda backend: backend.status()).state == "failed"


def test_a_socket_that_another_account_can_have_made_gets_no_token(tmp_path: Path) -> None:
    (directory := tmp_path / "run").mkdir()
    path = directory / "s"
    with socket.socket(socket.AF_UNIX) as imposter:
        imposter.bind(str(path))
        imposter.listen()
        directory.chmod(0o777)
        status = _run(socket_url(path, "/safecoder/"), lambda backend: backend.status())
        assert status.state == "failed"
        assert status.reason.startswith("No token is sent")
        imposter.setblocking(False)
        with pytest.raises(BlockingIOError):
            imposter.accept()
        # The same socket, once its directory is not writable for others.
        directory.chmod(0o755)
        with closing(hub_http_client(socket_url(path, ""), "secret")) as client:
            with pytest.raises(ConnectionLost):
                client.request("GET", "/status", timeout_s=0.5)
            connection, _ = imposter.accept()
            assert b"token secret" in connection.recv(4096)
            connection.close()
