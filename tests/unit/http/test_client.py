"""HTTP requests that are cancelled at any moment."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from jupyter_safecoder.errors import ConnectionLost, ConnectionRefused
from jupyter_safecoder.http.client import HttpClient, StreamedResponse


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Respond to one request, completely, half or never."""
    with suppress(asyncio.IncompleteReadError, ConnectionError):
        head = await reader.readuntil(b"\r\n\r\n")
        if b" /never" in head:
            await reader.read()
        else:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe")
            if b" /half" not in head:
                writer.write(b"llo")
        await writer.drain()
    writer.close()


def with_server(test: Any, path: Path) -> None:
    async def run() -> None:
        async with await asyncio.start_unix_server(answer, str(path)):
            client = HttpClient("http://localhost", {}, str(path))
            try:
                await asyncio.wait_for(test(client), 60)
            finally:
                await client.close()

    asyncio.run(run())


async def cancelled_after(seconds: float, coroutine: Coroutine[Any, Any, Any]) -> None:
    task = asyncio.ensure_future(coroutine)
    await asyncio.sleep(seconds)
    task.cancel()
    await asyncio.wait([task])


def test_requests_cancelled_while_connecting_leave_nothing_behind(tmp_path: Path) -> None:
    """No socket stays open, and the client works as before."""

    async def never(client: HttpClient) -> None:
        async with client.request("GET", "/never") as response:
            await response.read()

    async def test(client: HttpClient) -> None:
        order = random.Random(1)
        for _ in range(60):
            moments = [order.uniform(0, 0.004) for _ in range(40)]
            await asyncio.gather(*(cancelled_after(s, never(client)) for s in moments))
        async with client.request("GET", "/") as response:
            assert await asyncio.wait_for(response.read(), 5) == b"hello"
        # Both ends are in this process: the server's listening socket is one of those left.
        for _ in range(100):
            if (sockets := len(psutil.Process().net_connections("unix"))) <= before + 3:
                break
            await asyncio.sleep(0.05)
        assert sockets <= before + 3

    before = len(psutil.Process().net_connections("unix"))
    with_server(test, tmp_path / "s")


def test_lost_and_refused_connections_are_different_errors(tmp_path: Path) -> None:
    async def test(client: HttpClient) -> None:
        with pytest.raises(ConnectionLost):
            async with client.request("GET", "/half") as response:
                await response.read()
        with pytest.raises(ConnectionLost):
            async with client.request("GET", "/never", timeout_s=0.1) as response:
                await response.read()
        absent = HttpClient("http://localhost", {}, str(tmp_path / "absent"))
        with pytest.raises(ConnectionRefused):
            async with absent.request("GET", "/"):
                pytest.fail("There is no server.")
        await absent.close()

    with_server(test, tmp_path / "s")


def test_no_redirect_is_followed() -> None:
    """It could lead a token to another server."""

    async def run() -> tuple[int, str]:
        async def redirect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            head = b"HTTP/1.1 307 X\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n"
            writer.write(head)
            await writer.drain()
            writer.close()

        async with await asyncio.start_server(redirect, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            client = HttpClient(f"http://127.0.0.1:{port}/", {})
            async with client.request("GET", "/path") as response:
                found = response.status, response.headers["Location"]
            await client.close()
            return found

    assert asyncio.run(run()) == (307, "/other")


@pytest.mark.parametrize("path", ["/models/..%2F..%2Fsettings", "/models/..", "/models/a%2Fb%20c"])
def test_a_path_is_sent_as_it_is(path: str) -> None:
    """A name from a user does not lead to another endpoint."""

    async def run() -> str:
        lines: list[bytes] = []

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            lines.append(await reader.readline())
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            await writer.drain()
            writer.close()

        async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            client = HttpClient(f"http://127.0.0.1:{port}", {})
            async with client.request("GET", path) as response:
                await response.read()
            await client.close()
        return lines[0].decode()

    assert asyncio.run(run()) == f"GET {path} HTTP/1.1\r\n"


def test_lines_come_with_their_ends() -> None:
    async def run() -> list[bytes]:
        async def chunks() -> AsyncIterator[bytes]:
            for chunk in (b"on", b"e\n\ntw", b"o"):
                yield chunk

        return [line async for line in StreamedResponse(200, {}, chunks()).lines()]

    assert asyncio.run(run()) == [b"one\n", b"\n", b"two"]
