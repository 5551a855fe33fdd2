"""Asks a runtime and hands its answer on, line by line; it can be cut short from outside."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass

from jupyter_safecoder.clients.http_client import StreamedResponse
from jupyter_safecoder.clients.local_backend import LocalBackend
from jupyter_safecoder.errors import ConnectionLost, RuntimeTimeout, RuntimeUnavailable, Superseded
from jupyter_safecoder.protocol import PROMPT_TOKENS_HEADER
from jupyter_safecoder.runtime.admission import Ticket


@dataclass(frozen=True)
class Head:
    """What comes before the lines; ``prompt_tokens`` where the runtime tells it here."""

    status: int
    content_type: str
    prompt_tokens: int


async def relay(
    gateway: LocalBackend, path: str, person: str, body: bytes, ticket: Ticket, most_s: float
) -> AsyncGenerator[Head | bytes]:
    """Yield the head and then the lines of an answer; closing the iterator cancels it.

    Parameters
    ----------
    gateway, path, person, body
        Of the runtime, and what to ask it.
    ticket
        Whose turn it is: the answer ends where a newer request takes its place.
    most_s
        After so many seconds the runtime is given up.

    Raises
    ------
    Replaced
        If a newer request took its place.
    Silent
        If the runtime did not end the answer in time.
    RuntimeUnavailable, Lost
        If there is no runtime, or it ended.
    """
    queue: asyncio.Queue[Head | bytes | Exception | None] = asyncio.Queue()
    ticket.on_superseded = lambda: queue.put_nowait(Superseded())
    late = asyncio.get_running_loop().call_later(most_s, queue.put_nowait, RuntimeTimeout())
    reading = asyncio.ensure_future(_read(gateway, path, person, body, queue))
    try:
        while (item := await queue.get()) is not None:
            if isinstance(item, Exception):
                raise item
            yield item
    finally:
        late.cancel()
        reading.cancel()
        await asyncio.wait([reading])


async def _read(
    gateway: LocalBackend,
    path: str,
    person: str,
    body: bytes,
    queue: asyncio.Queue[Head | bytes | Exception | None],
) -> None:
    try:
        async with gateway.request("POST", path, person, body) as answer:
            queue.put_nowait(_head(answer))
            rest = b""
            async for chunk in answer.chunks:
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    queue.put_nowait(line + b"\n")
            if rest:
                queue.put_nowait(rest)
        queue.put_nowait(None)
    except (RuntimeUnavailable, ConnectionLost) as error:
        queue.put_nowait(error)


def _head(answer: StreamedResponse) -> Head:
    tokens = answer.headers.get(PROMPT_TOKENS_HEADER, "0")
    return Head(answer.status, answer.headers["Content-Type"], int(tokens))
