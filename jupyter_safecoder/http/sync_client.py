"""The HTTP client for code without an event loop of its own: kernels and the command line.

A kernel runs its cells inside an event loop, which a blocking call would stop. The requests
therefore run in an event loop on another thread, from the first request until the client is closed.
"""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable, Generator, Mapping
from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property, partial
from queue import Empty, SimpleQueue
from typing import Any, TypeVar
from weakref import finalize

from anyio.from_thread import BlockingPortal, start_blocking_portal

from .client import HttpClient

T = TypeVar("T")

_CONNECT_S = 10.0


@dataclass(frozen=True)
class Response:
    """A complete response."""

    status: int
    content: bytes


class SyncHttpClient:
    """Connections to one server, for one thread.

    An exception that ends the wait for a response, such as an interrupt of the kernel, cancels the
    request.

    Parameters
    ----------
    base_url, headers, socket, context, check
        As for :class:`.client.HttpClient`.
    """

    def __init__(
        self,
        base_url: str,
        headers: Mapping[str, str],
        socket: str | None = None,
        context: ssl.SSLContext | None = None,
        *,
        check: Callable[[], None] = lambda: None,
    ) -> None:
        self._open = partial(
            HttpClient, base_url, headers, socket, context, check=check, connect_s=_CONNECT_S
        )
        self._opened = ExitStack()
        self._running: set[Future[Any]] = set()
        # At the exit of the process too: later the thread runs no more, and cannot be waited for.
        self._finalizer = finalize(self, self._opened.close)

    def close(self) -> None:
        """Cancel what still runs, close the connections, and stop the thread."""
        self._finalizer()

    def request(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        *,
        timeout_s: float | None = None,
        read_timeout_s: float | None = None,
    ) -> Response:
        """Send a request and return its response.

        Parameters
        ----------
        method, path, body, timeout_s, read_timeout_s
            As for :meth:`.client.HttpClient.request`.

        Raises
        ------
        ConnectionRefused
            If nothing listens at the address.
        ConnectionLost
            If the connection closes before the response is complete, or time is up.
        """

        async def send(client: HttpClient) -> Response:
            async with client.request(
                method, path, body, timeout_s=timeout_s, read_timeout_s=read_timeout_s
            ) as response:
                return Response(response.status, await response.read())

        sending = self._start(send)
        try:
            return sending.result()
        finally:
            sending.cancel()

    def stream_lines(
        self, method: str, path: str, body: bytes, poll_s: float | None = None
    ) -> Generator[bytes, None, None]:
        """Yield the lines of a response as they come; closing the iterator cancels the request.

        Parameters
        ----------
        method, path, body
            Of the request.
        poll_s
            Seconds without a line after which an empty one is yielded, each time; ``None``: never.

        Raises
        ------
        ConnectionRefused
            If nothing listens at the address.
        ConnectionLost
            If the connection closes before the response is complete.
        """
        lines: SimpleQueue[bytes | None] = SimpleQueue()

        async def receive(client: HttpClient) -> None:
            try:
                async with client.request(method, path, body) as response:
                    async for line in response.lines():
                        lines.put(line)
            finally:
                lines.put(None)

        receiving = self._start(receive)
        try:
            yield from iter(lambda: _next_line(lines, poll_s), None)
            receiving.result()
        finally:
            receiving.cancel()

    def _start(self, function: Callable[[HttpClient], Awaitable[T]]) -> Future[T]:
        future = self._portal.start_task_soon(function, self._client)
        self._running.add(future)
        future.add_done_callback(self._running.discard)
        return future

    @cached_property
    def _portal(self) -> BlockingPortal:
        return self._opened.enter_context(start_blocking_portal())

    @cached_property
    def _client(self) -> HttpClient:
        client = self._portal.call(self._open)
        self._opened.callback(self._portal.call, client.close)
        self._opened.callback(_cancel_all, self._running)
        return client


def _next_line(lines: SimpleQueue[bytes | None], timeout_s: float | None) -> bytes | None:
    try:
        return lines.get(timeout=timeout_s)
    except Empty:
        return b""


def _cancel_all(running: set[Future[Any]]) -> None:
    for future in tuple(running):
        future.cancel()
