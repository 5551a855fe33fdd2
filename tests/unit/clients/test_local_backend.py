"""The backend of a server with a runtime of its own."""

from __future__ import annotations

import asyncio
import logging

import pytest

from jupyter_safecoder.clients.connection import Connection
from jupyter_safecoder.clients.local_backend import LocalBackend
from jupyter_safecoder.clients.supervisor import Supervisor
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
