"""Sends a request to a runtime and relays the response line by line; it can be interrupted."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass

from jupyter_safecoder.clients.local_backend import LocalBackend
from jupyter_safecoder.errors import ConnectionLost, RuntimeTimeout, RuntimeUnavailable, Superseded
from jupyter_safecoder.http.client import StreamedResponse
from jupyter_safecoder.protocol import PROMPT_TOKENS_HEADER
from jupyter_safecoder.runtime.admission import Ticket

_Queue = asyncio.Queue["Head | bytes | Exception | None"]


@dataclass(frozen=True)
class Head:
    """Status and headers of a response; ``prompt_tokens`` is 0 if they do not say it."""

    status: int
    content_type: str
    prompt_tokens: int


async def relay(
    backend: LocalBackend, path: str, user: str, body: bytes, ticket: Ticket, timeout_s: float
) -> AsyncGenerator[Head | bytes]:
    """Yield the head and then the lines of a response; closing the iterator cancels the request.

    Parameters
    ----------
    backend
        The client of the runtime.
    path
        Path of the runtime's endpoint.
    user
        JupyterHub's name of the user.
    body
        Body of the request.
    ticket
        Of the request in the queue: a newer request for its document ends the response.
    timeout_s
        Seconds after which the runtime is given up.

    Raises
    ------
    Superseded
        If a newer request for the same document came.
    RuntimeTimeout
        If the runtime did not finish the response in time.
    RuntimeUnavailable, ConnectionLost
        If there is no runtime, or it stopped.
    """
    queue: _Queue = asyncio.Queue()
    ticket.on_superseded = lambda: queue.put_nowait(Superseded())
    timer = asyncio.get_running_loop().call_later(timeout_s, queue.put_nowait, RuntimeTimeout())
    reading = asyncio.ensure_future(_read(backend, path, user, body, queue))
    try:
        while (item := await queue.get()) is not None:
            if isinstance(item, Exception):
                raise item
            yield item
    finally:
        timer.cancel()
        reading.cancel()
        await asyncio.wait([reading])


async def _read(backend: LocalBackend, path: str, user: str, body: bytes, queue: _Queue) -> None:
    try:
        async with backend.request("POST", path, user, body) as response:
            queue.put_nowait(_head(response))
            async for line in response.lines():
                queue.put_nowait(line)
        queue.put_nowait(None)
    except (RuntimeUnavailable, ConnectionLost) as error:
        queue.put_nowait(error)


def _head(response: StreamedResponse) -> Head:
    tokens = response.headers.get(PROMPT_TOKENS_HEADER, "0")
    return Head(response.status, response.headers["Content-Type"], int(tokens))
