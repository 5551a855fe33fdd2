"""The way from the server to the runtime."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from jupyter_safecoder.errors import ConnectionLost, ConnectionRefused, RuntimeUnavailable
from jupyter_safecoder.protocol import TOKEN_HEADER, USER_HEADER, Error, Status, parse_status

from .connection import Connection
from .http_client import HttpClient, StreamedResponse
from .supervisor import Supervisor

_STATUS_S = 5.0
#: What a client is told whose answer broke off.
RUNTIME_LOST = Error(
    "runtime_unavailable",
    "The runtime ended in the middle of an answer.",
    "It is started again by itself: type on.",
    retry_after_s=1.0,
)


class LocalBackend:
    """Asks the runtime on behalf of a person.

    Parameters
    ----------
    supervisor
        Owner of the runtime process.
    start
        When the runtime may be started: ``notebook``, ``server`` or ``never``.
    """

    def __init__(self, supervisor: Supervisor, start: str) -> None:
        self._supervisor = supervisor
        self._start = start
        self._connection: Connection | None = None
        self._asking: HttpClient | None = None
        self._closing: set[asyncio.Future[None]] = set()

    async def start(self) -> Status:
        """Start the runtime if it may and does not run; restart it if it failed."""
        if self._start == "never":
            return await self.status()
        if not self._supervisor.running:
            self._supervisor.start()
        elif (await self.status()).state == "failed":
            await self._supervisor.restart()
        return await self.status()

    async def status(self) -> Status:
        """Return the runtime's state, or the supervisor's where there is no runtime to ask."""
        if self._start == "never" and not self._supervisor.running:
            return Status(
                "off",
                "Completions are switched off on this server.",
                "An administrator can set c.SafeCoder.start_runtime to 'notebook' or 'server'.",
            )
        try:
            async with self._connected().ask("GET", "/status", most_s=_STATUS_S) as answer:
                return parse_status(await answer.whole())
        except (RuntimeUnavailable, ConnectionRefused, ConnectionLost, ValueError):
            return self._supervisor.status

    @asynccontextmanager
    async def ask(
        self, method: str, path: str, person: str, body: bytes | None = None
    ) -> AsyncIterator[StreamedResponse]:
        """Ask at a door; leaving the context before its end cancels what was asked for.

        Raises
        ------
        RuntimeUnavailable
            If there is no runtime, or it is gone.
        Lost
            If it ends in the middle of an answer.
        """
        # Not after it failed: then a person asks for another try, not each key that is typed.
        if self._start != "never" and self._supervisor.status.state == "off":
            self._supervisor.start()
        # Escaped: a Hub's names may have line breaks, which a header may not.
        headers = {USER_HEADER: person.encode("unicode_escape").decode()}
        try:
            async with self._connected().ask(method, path, body, headers) as answer:
                yield answer
        except ConnectionRefused:
            raise self._unavailable() from None

    async def close(self) -> None:
        """Close the connections."""
        if self._asking is not None:
            await self._asking.close()
        await asyncio.gather(*self._closing)

    def _unavailable(self) -> RuntimeUnavailable:
        status = self._supervisor.status
        return RuntimeUnavailable(status.reason, status.remedy)

    def _connected(self) -> HttpClient:
        connection = self._supervisor.connection
        if connection is None:
            raise self._unavailable()
        if self._asking is None or connection != self._connection:
            # The old connections broke with the runtime that they led to.
            if self._asking is not None:
                closing = asyncio.ensure_future(self._asking.close())
                self._closing.add(closing)
                closing.add_done_callback(self._closing.discard)
            headers = {TOKEN_HEADER: connection.token}
            self._asking = HttpClient(connection.base_url, headers, connection.socket)
            self._connection = connection
        return self._asking
