"""Connections to the service: how many, for how long, and whose."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from tornado import web
from tornado.netutil import bind_unix_socket
from tornado.testing import bind_unused_port

from jupyter_safecoder.hub import connections as module
from jupyter_safecoder.hub.connections import BoundedServer, Connections

GET = b"GET / HTTP/1.1\r\nHost: x\r\nUser: %b\r\n\r\n"
Client = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Handler(web.RequestHandler):
    """Identifies the user of a header."""

    def get(self) -> None:
        connection: Any = self.request.connection
        if user := self.request.headers.get("User"):
            self.settings["connections"].identified(connection.stream, user)
        self.finish("ok")


@asynccontextmanager
async def served() -> AsyncIterator[tuple[Connections, Callable[[], Awaitable[Client]]]]:
    listener, port = bind_unused_port()
    connections = Connections()
    app = web.Application([("/", Handler)], connections=connections)
    server = BoundedServer(app, connections, idle_connection_timeout=60)
    server.add_socket(listener)
    clients: list[Client] = []

    async def connect() -> Client:
        clients.append(await asyncio.open_connection("127.0.0.1", port))
        return clients[-1]

    yield connections, connect
    for _, writer in clients:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
    server.stop()
    await server.close_all_connections()


async def answer(client: Client, user: str = "") -> bytes:
    """Return the status line of the response to a request."""
    client[1].write(GET % user.encode())
    status = await asyncio.wait_for(client[0].readline(), 10)
    await asyncio.wait_for(client[0].readuntil(b"ok"), 10)
    return status


async def is_closed(client: Client) -> bool:
    try:
        return await asyncio.wait_for(client[0].read(1), 10) == b""
    except ConnectionResetError:
        return True


def test_who_opens_connections_without_a_token_keeps_nobody_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "MAX_UNKNOWN", 3)

    async def test() -> None:
        async with served() as (connections, connect):
            ada = await connect()
            assert b"200" in await answer(ada, "ada")
            hostile = [await connect() for _ in range(5)]
            # A new one always gets an answer; those that are older have made room.
            assert b"200" in await answer(await connect(), "bob")
            assert [await is_closed(client) for client in hostile[:2]] == [True, True]
            assert b"200" in await answer(ada, "ada")
            assert len(connections) <= 5

    asyncio.run(test())


def test_a_user_has_a_number_of_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_OF_USER", 2)

    async def test() -> None:
        async with served() as (_, connect):
            first, second, other = [await connect() for _ in range(3)]
            for client, user in ((first, "ada"), (second, "ada"), (other, "bob")):
                await answer(client, user)
            await answer(first, "ada")  # the one of the last use stays
            await answer(await connect(), "ada")
            assert await is_closed(second)
            for client, user in ((first, "ada"), (other, "bob")):
                assert b"200" in await answer(client, user)

    asyncio.run(test())


def test_a_connection_without_a_token_is_closed_after_a_while(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "UNKNOWN_TIMEOUT_S", 0.2)

    async def test() -> None:
        async with served() as (connections, connect):
            ada, unknown, idle = [await connect() for _ in range(3)]
            await answer(ada, "ada")
            await answer(unknown)
            assert await is_closed(unknown)
            assert await is_closed(idle)
            assert b"200" in await answer(ada, "ada")
            assert len(connections) == 1

    asyncio.run(test())


def test_a_connection_that_its_client_closes_is_forgotten() -> None:
    async def test() -> None:
        async with served() as (connections, connect):
            client = await connect()
            await answer(client, "ada")
            client[1].close()
            while len(connections):
                await asyncio.sleep(0.01)

    asyncio.run(test())


def test_the_accounts_at_a_unix_socket_are_told_apart(tmp_path: Path) -> None:
    async def owners() -> list[tuple[str, str]]:
        connections = Connections()
        server = BoundedServer(web.Application([]), connections)
        server.add_socket(bind_unix_socket(str(tmp_path / "socket")))
        _, writer = await asyncio.open_unix_connection(tmp_path / "socket")
        while not len(connections):
            await asyncio.sleep(0.01)
        found = [*connections._owners.values()]
        writer.close()
        server.stop()
        await server.close_all_connections()
        return found

    assert asyncio.run(owners()) == [("address", f"account {os.getuid()}")]
