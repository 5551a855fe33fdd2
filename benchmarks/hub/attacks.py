"""What one hostile user may send to the service, each without a pause, in a process of its own.

``python -m benchmarks.hub.attacks`` reads a JSON object with ``url``, ``token`` and ``attack``, a
line of its standard input, attacks until that input ends, and prints how often the service answered
with which status. :mod:`.attack_benchmark` starts it.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import secrets
import socket
import sys
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from jupyter_safecoder.protocol import Cell, CompletionOptions, CompletionRequest

_MEGABYTE = 2**20
_CLIENTS, _SILENT_CLIENTS, _TIMEOUT_S = 16, 400, 30.0
#: Characters whose Unicode form is normalized before they are compared with the policy.
_WIDE = "\uff33\u00ad\u0130"


@dataclass
class Target:
    """The service, the token of the hostile user, and how often it answered with which status."""

    url: str
    token: str
    statuses: Counter[str] = field(default_factory=Counter)

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Return a new connection."""
        parts = urlsplit(self.url)
        return await asyncio.open_connection(parts.hostname, parts.port)

    def head(self, method: str, path: str, length: int, token: str | None = None) -> bytes:
        """Return the head of a request."""
        parts = urlsplit(self.url)
        return (
            f"{method} {parts.path}/{path} HTTP/1.1\r\nHost: {parts.netloc}\r\n"
            f"Authorization: token {token or self.token}\r\nConnection: close\r\n"
            f"Content-Length: {length}\r\n\r\n"
        ).encode()

    async def send(self, method: str, path: str, body: bytes, token: str | None = None) -> None:
        """Send a request on a new connection, read the response and count its status."""
        status = "closed"
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.TimeoutError):
            reader, writer = await self.connect()
            try:
                writer.write(self.head(method, path, len(body), token) + body)
                line = await asyncio.wait_for(reader.readline(), _TIMEOUT_S)
                status = line.split()[1].decode() if line else status
                while await asyncio.wait_for(reader.read(_MEGABYTE), _TIMEOUT_S):
                    pass
            finally:
                writer.close()
        self.statuses[status] += 1


#: Attacks until it is cancelled, with a body that is made before.
Attack = Callable[[Target, bytes], Awaitable[None]]


async def _repeat(target: Target, send: Callable[[], Awaitable[None]], clients: int) -> None:
    async def client() -> None:
        while True:
            await send()

    await asyncio.gather(*(client() for _ in range(clients)))


def _flood(method: str, path: str, clients: int = _CLIENTS) -> Attack:
    async def attack(target: Target, body: bytes) -> None:
        await _repeat(target, partial(target.send, method, path, body), clients)

    return attack


def _large_request() -> bytes:
    """Return a request that is valid, and nearly as large as the service takes."""
    cells = tuple(Cell("code", _WIDE * 5 + "x = 1\n" * 6) for _ in range(5000))
    return CompletionRequest("x = ", "", before=cells, path="a/b.ipynb").to_json()


def _many_cells() -> bytes:
    return json.dumps(
        {"version": 2, "prefix": "", "suffix": "", "before": [{"type": "code"}] * 55_000}
    ).encode()


def _hostile_path() -> bytes:
    return CompletionRequest("x = ", "", path="a" * 4000 + "!").to_json()


def _text(characters: int) -> bytes:
    return json.dumps({"prompt": "f(x) = " * (characters // 7)}).encode()


def _bomb() -> bytes:
    return gzip.compress(bytes(300 * _MEGABYTE), 1)


def _value_bomb() -> bytes:
    text = b'{"name":"x","settings":{},"documents":[%b[]]}' % (b"[]," * 5_000_000)
    return gzip.compress(text, 1)


async def _slow_readers(target: Target, body: bytes) -> None:
    """Ask for long completions with small buffers, and never read."""
    options = CompletionOptions(max_tokens=1024, rules=False)

    async def client(number: int) -> None:
        while True:
            request = CompletionRequest(
                "x", "", options=options, document=str(number), path="a/b.ipynb"
            ).to_json()
            parts = urlsplit(target.url)
            connection = socket.socket()
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
            connection.setblocking(False)
            loop = asyncio.get_running_loop()
            with connection, suppress(OSError):
                await loop.sock_connect(connection, (parts.hostname, parts.port))
                head = target.head("POST", "completions", len(request))
                await loop.sock_sendall(connection, head + request)
                target.statuses["not read"] += 1
                await asyncio.sleep(_TIMEOUT_S)

    await asyncio.gather(*(client(number) for number in range(_CLIENTS)))


async def _silent_connections(target: Target, body: bytes) -> None:
    """Open connections that send half a head, and open them again when they are closed."""

    async def client() -> None:
        while True:
            with suppress(OSError):
                reader, writer = await target.connect()
                writer.write(b"POST / HTTP/1.1\r\nHost: ")
                target.statuses["opened"] += 1
                await reader.read(1)
                writer.close()
            await asyncio.sleep(0.1)

    await asyncio.gather(*(client() for _ in range(_SILENT_CLIENTS)))


async def _unknown_tokens(target: Target, body: bytes) -> None:
    async def send() -> None:
        await target.send("POST", "completions", body, secrets.token_hex(16))

    await _repeat(target, send, _CLIENTS)


async def _slow_bodies(target: Target, body: bytes) -> None:
    """Announce large bodies, and send a byte of each now and then."""

    async def client() -> None:
        while True:
            with suppress(OSError):
                reader, writer = await target.connect()
                writer.write(target.head("POST", "completions", 8 * _MEGABYTE))
                reading = asyncio.ensure_future(reader.readline())
                while not reading.done():
                    writer.write(b" ")
                    await asyncio.wait([reading], timeout=1)
                line = reading.result()
                target.statuses[line.split()[1].decode() if line else "closed"] += 1
                writer.close()

    await asyncio.gather(*(client() for _ in range(_CLIENTS)))


#: The function that makes the body, and the attack, by name; the reports use the names.
ATTACKS: dict[str, tuple[Callable[[], bytes], Attack]] = {
    "large bodies": (_large_request, _flood("POST", "completions")),
    "many cells": (_many_cells, _flood("POST", "completions")),
    "slow bodies": (bytes, _slow_bodies),
    "refusals": (lambda: b"{", _flood("POST", "completions")),
    "hostile paths": (_hostile_path, _flood("POST", "completions")),
    "long texts": (partial(_text, _MEGABYTE - 100), _flood("POST", "v1/completions")),
    "texts of the window": (partial(_text, 120_000), _flood("POST", "v1/completions")),
    "clients that do not read": (bytes, _slow_readers),
    "connections without a token": (bytes, _silent_connections),
    "unknown tokens": (lambda: b"{}", _unknown_tokens),
    "status requests": (bytes, _flood("GET", "status")),
    "gzip bombs": (_bomb, _flood("POST", "jobs")),
    "bombs of values": (_value_bomb, _flood("POST", "jobs")),
}


async def _attack(target: Target, name: str) -> None:
    make, attack = ATTACKS[name]
    body = make()
    print("ready", flush=True)
    attacking = asyncio.ensure_future(attack(target, body))
    await asyncio.to_thread(sys.stdin.read)
    print(json.dumps(target.statuses), flush=True)
    # Cancelling may be too slow: the machine belongs to the others again.
    assert not attacking.done(), attacking.exception()
    os._exit(0)


def main() -> None:
    """Attack until the standard input ends."""
    given: dict[str, Any] = json.loads(sys.stdin.readline())
    target = Target(given["url"], given["token"])
    asyncio.run(_attack(target, given["attack"]))


if __name__ == "__main__":
    main()
