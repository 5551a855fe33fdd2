"""Asking over HTTP, and going away at any moment."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest

from jupyter_safecoder.clients.http_client import HttpClient
from jupyter_safecoder.errors import ConnectionLost, ConnectionRefused


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """StreamedResponse one request, or begin to, or never."""
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
            asking = HttpClient("http://localhost", {}, str(path))
            try:
                await asyncio.wait_for(test(asking), 60)
            finally:
                await asking.close()

    asyncio.run(run())


async def cancelled_after(seconds: float, coroutine: Coroutine[Any, Any, Any]) -> None:
    task = asyncio.ensure_future(coroutine)
    await asyncio.sleep(seconds)
    task.cancel()
    await asyncio.wait([task])


def test_who_goes_away_while_connecting_takes_no_place(tmp_path: Path) -> None:
    async def never(asking: HttpClient) -> None:
        async with asking.ask("GET", "/never") as found:
            await found.whole()

    async def test(asking: HttpClient) -> None:
        order = random.Random(1)
        for _ in range(60):
            moments = [order.uniform(0, 0.004) for _ in range(40)]
            await asyncio.gather(*(cancelled_after(s, never(asking)) for s in moments))
        async with asking.ask("GET", "/") as found:
            assert await asyncio.wait_for(found.whole(), 5) == b"hello"

    with_server(test, tmp_path / "s")


def test_an_end_in_the_middle_and_nobody_there_are_told_apart(tmp_path: Path) -> None:
    async def test(asking: HttpClient) -> None:
        with pytest.raises(ConnectionLost):
            async with asking.ask("GET", "/half") as found:
                await found.whole()
        with pytest.raises(ConnectionLost):
            async with asking.ask("GET", "/never", most_s=0.1) as found:
                await found.whole()
        nobody = HttpClient("http://localhost", {}, str(tmp_path / "nobody"))
        with pytest.raises(ConnectionRefused):
            async with nobody.ask("GET", "/"):
                pytest.fail("There is nobody.")
        await nobody.close()

    with_server(test, tmp_path / "s")
