"""Every endpoint requires the token, in our own header or as a bearer token."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets

from jupyter_safecoder.protocol import TOKEN_HEADER, USER_HEADER
from jupyter_safecoder.runtime.handlers import make_app
from jupyter_safecoder.runtime.runtime import Runtime
from jupyter_safecoder.settings import RuntimeSettings

ENDPOINTS = [
    ("GET", "/status"),
    ("GET", "/settings"),
    ("POST", "/adapter"),
    ("POST", "/completions"),
    ("GET", "/v1/models"),
    ("GET", "/v1/models/name"),
    ("POST", "/v1/completions"),
]


def _request(method: str, path: str, headers: dict[str, str]) -> httpx.Response:
    async def run() -> httpx.Response:
        server = HTTPServer(make_app(Runtime(RuntimeSettings("model")), "secret"))
        sockets = bind_sockets(0, "127.0.0.1")
        server.add_sockets(sockets)
        url = f"http://127.0.0.1:{sockets[0].getsockname()[1]}{path}"
        async with httpx.AsyncClient(trust_env=False, verify=False) as client:
            response = await client.request(method, url, headers=headers, content=b"{}")
        server.stop()
        await server.close_all_connections()
        return response

    return asyncio.run(run())


@pytest.mark.parametrize(("method", "path"), ENDPOINTS)
@pytest.mark.parametrize(
    "headers",
    [{}, {TOKEN_HEADER: "wrong"}, {"Authorization": "Bearer wrong"}, {"Authorization": "secret"}],
)
def test_without_the_token(method: str, path: str, headers: dict[str, str]) -> None:
    assert _request(method, path, headers).status_code == 401


@pytest.mark.parametrize(("method", "path"), ENDPOINTS)
@pytest.mark.parametrize(
    "headers", [{TOKEN_HEADER: "secret"}, {"Authorization": "bearer  secret", USER_HEADER: "ada"}]
)
def test_with_the_token(method: str, path: str, headers: dict[str, str]) -> None:
    assert _request(method, path, headers).status_code in (200, 400, 503)


def test_a_runtime_without_a_model_has_a_reason() -> None:
    response = _request("GET", "/v1/models", {TOKEN_HEADER: "secret"})
    assert response.status_code == 503
    assert response.headers["Retry-After"] == "1"
    assert response.json()["error"]["message"] == "The runtime has just started."
