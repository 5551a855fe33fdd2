"""The measurement of HTTP clients: whole responses, and what a cancellation leaves open."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from benchmarks.http_clients import _Aiohttp, _cancelled_after, _Httpx, _open_sockets, _serve


@pytest.mark.parametrize("make_client", [_Aiohttp, _Httpx])
def test_a_client_receives_all_and_a_cancelled_request_is_closed(
    make_client: type[_Aiohttp | _Httpx], tmp_path: Path
) -> None:
    async def run() -> None:
        path = str(tmp_path / "socket")
        server = await asyncio.start_unix_server(_serve, path)
        client = make_client("http://localhost", path)
        assert await client.post("/") == b"hell\n" * 10
        before = _open_sockets()
        running = asyncio.ensure_future(client.post("/never"))
        await asyncio.sleep(0.1)
        # Both ends are in this process; the request may use the connection of the first.
        assert _open_sockets() - before in (0, 2)
        await _cancelled_after(0, running)
        await asyncio.sleep(0.1)
        assert running.cancelled()
        assert _open_sockets() <= before
        await client.close()
        server.close()
        await asyncio.sleep(0.1)

    asyncio.run(run())
