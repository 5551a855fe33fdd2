"""The backend of a server with a runtime of its own."""

from __future__ import annotations

import asyncio
import logging
import threading

import pytest

from jupyter_safecoder.clients.connection import Connection
from jupyter_safecoder.clients.local_backend import LocalBackend
from jupyter_safecoder.clients.supervisor import Supervisor
from jupyter_safecoder.errors import ConnectionLost
from jupyter_safecoder.protocol import TOKEN_HEADER, USER_HEADER
from jupyter_safecoder.settings import RuntimeSettings
from tests.support.http_server import http_server


@pytest.mark.parametrize("user", ["ada", "a\r\nX-Other: 1", "a\n\nGET / HTTP/1.1", "\u4e2d\x00"])
def test_a_user_s_name_adds_no_header(user: str) -> None:
    """Names of a JupyterHub may have any characters."""
    with http_server(lambda received: (200, b"line")) as server:

        async def request() -> bytes:
            supervisor = Supervisor(RuntimeSettings(), logging.getLogger("test"))
            supervisor.connection = Connection("token", 1, port=server.port)
            backend = LocalBackend(supervisor, "never")
            try:
                async with backend.request("POST", "/completions", user, b"body") as response:
                    return await response.read()
            finally:
                await backend.close()

        assert asyncio.run(request()) == b"line"
    (received,) = server.requests
    assert (received.path, received.body) == ("/completions", b"body")
    assert received.headers[TOKEN_HEADER] == "token"
    assert received.headers[USER_HEADER] == user.encode("unicode_escape").decode()
    assert "X-Other" not in received.headers


@pytest.mark.parametrize(("pid", "goes_on"), [(1, True), (2, False)])
def test_a_request_in_progress_when_the_runtime_s_address_changes(pid: int, goes_on: bool) -> None:
    """A runtime that listens elsewhere goes on with it; one that is gone does not."""
    answer = threading.Event()

    def wait(received: object) -> tuple[int, bytes]:
        answer.wait(20)
        return 200, b"old"

    async def read(backend: LocalBackend) -> bytes:
        async with backend.request("POST", "/completions", "ada", b"") as response:
            return await response.read()

    with http_server(wait) as old, http_server(lambda received: (200, b"new")) as new:

        async def run() -> None:
            supervisor = Supervisor(RuntimeSettings(), logging.getLogger("test"))
            supervisor.connection = Connection("token", 1, port=old.port)
            backend = LocalBackend(supervisor, "never")
            first = asyncio.ensure_future(read(backend))
            while not old.requests:
                await asyncio.sleep(0.01)
            supervisor.connection = Connection("token", pid, port=new.port)
            assert await read(backend) == b"new"
            answer.set()
            if goes_on:
                assert await first == b"old"
            else:
                with pytest.raises(ConnectionLost):
                    await first
            await backend.close()

        asyncio.run(run())
