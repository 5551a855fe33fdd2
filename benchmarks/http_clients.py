"""Compares aiohttp and httpx as clients of a runtime: ``python -m benchmarks.http_clients``.

Typing cancels most requests, some of them while they connect. The first part cancels a hundred
requests at random moments, ten times, and counts the sockets that are left open. The second part
measures streamed requests one after the other. Results are in ``docs/adr/0010-one-http-client.md``.
"""

from __future__ import annotations

import asyncio
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import aiohttp
import httpx

_CHUNKS = 10
_CONNECT_S = 5.0
_BODY = b"x" * 2000


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(len(_BODY))
            if b" /never" in head:
                await reader.read()
                break
            writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            for _ in range(_CHUNKS):
                writer.write(b"5\r\nhell\n\r\n")
                await writer.drain()
                await asyncio.sleep(0)
            writer.write(b"0\r\n\r\n")
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        return  # the client disconnected
    finally:
        writer.close()


class _Aiohttp:
    name = "aiohttp"

    def __init__(self, url: str, socket: str | None) -> None:
        connector: aiohttp.BaseConnector = (
            aiohttp.UnixConnector(socket, limit=0) if socket else aiohttp.TCPConnector(limit=0)
        )
        self._session = aiohttp.ClientSession(url, connector=connector)

    async def post(self, path: str) -> bytes:
        timeout = aiohttp.ClientTimeout(total=None, connect=_CONNECT_S)
        async with self._session.post(path, data=_BODY, timeout=timeout) as response:
            return b"".join([chunk async for chunk in response.content.iter_any()])

    async def close(self) -> None:
        await self._session.close()


class _Httpx:
    name = "httpx"

    def __init__(self, url: str, socket: str | None) -> None:
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
        transport = httpx.AsyncHTTPTransport(uds=socket, limits=limits)
        timeout = httpx.Timeout(None, connect=_CONNECT_S)
        self._client = httpx.AsyncClient(
            base_url=url, transport=transport, timeout=timeout, trust_env=False
        )

    async def post(self, path: str) -> bytes:
        async with self._client.stream("POST", path, content=_BODY) as response:
            return b"".join([chunk async for chunk in response.aiter_raw()])

    async def close(self) -> None:
        await self._client.aclose()


_Client = _Aiohttp | _Httpx


def _open_sockets() -> int:
    """Return the number of this process's sockets; Linux."""
    links = []
    for entry in Path("/proc/self/fd").iterdir():
        try:
            links.append(os.readlink(entry))
        except OSError:
            continue  # the directory's own descriptor
    return sum(link.startswith("socket:") for link in links)


async def _cancelled_after(seconds: float, request: Awaitable[bytes]) -> None:
    task = asyncio.ensure_future(request)
    await asyncio.sleep(seconds)
    task.cancel()
    await asyncio.wait([task])


async def _cancellations(client: _Client, within_s: float) -> tuple[list[int], float]:
    """Return the connections left open after each hundred, and the time of a request then."""
    await client.post("/")
    before = _open_sockets()
    order = random.Random(1)  # noqa: S311 - the same moments for both
    left = []
    for _ in range(10):
        moments = [order.uniform(0, within_s) for _ in range(100)]
        await asyncio.gather(*(_cancelled_after(s, client.post("/never")) for s in moments))
        await asyncio.sleep(0.3)
        left.append(max(0, _open_sockets() - before) // 2)  # both ends are in this process
    started = time.perf_counter()
    await asyncio.wait_for(client.post("/"), 5)
    return left, (time.perf_counter() - started) * 1000


async def _sequential(client: _Client, count: int = 300) -> float:
    """Return the median time of streamed requests, in milliseconds."""
    for _ in range(20):
        await client.post("/")
    times = []
    for _ in range(count):
        started = time.perf_counter()
        await client.post("/")
        times.append((time.perf_counter() - started) * 1000)
    return statistics.median(times)


async def _measure() -> None:
    with tempfile.TemporaryDirectory() as directory:
        path = f"{directory}/socket"
        unix = await asyncio.start_unix_server(_serve, path, backlog=1024)
        tcp = await asyncio.start_server(_serve, "127.0.0.1", 0, backlog=1024)
        url = f"http://127.0.0.1:{tcp.sockets[0].getsockname()[1]}"
        makers: list[tuple[str, Callable[[], _Client]]] = [
            ("aiohttp, Unix socket", lambda: _Aiohttp("http://localhost", path)),
            ("aiohttp, TCP", lambda: _Aiohttp(url, None)),
            ("httpx, Unix socket", lambda: _Httpx("http://localhost", path)),
            ("httpx, TCP", lambda: _Httpx(url, None)),
        ]
        for within_ms in (4, 20, 100):
            for name, make in makers:
                client = make()
                left, then_ms = await _cancellations(client, within_ms / 1000)
                await client.close()
                text = f"left open after each 100: {left}, the next request takes {then_ms:.1f} ms"
                _print(f"{name}, cancelled within {within_ms} ms: {text}")
        for _ in range(3):
            for name, make in makers:
                client = make()
                _print(f"{name}: 300 streamed requests: median {await _sequential(client):.2f} ms")
                await client.close()
        for server in (unix, tcp):
            server.close()
        await asyncio.sleep(0.1)  # for the server's side of the last connections


def _print(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(_measure())
