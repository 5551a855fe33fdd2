"""Sends the server extension's requests to the runtime process of this server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from jupyter_safecoder.errors import ConnectionLost, ConnectionRefused, RuntimeUnavailable
from jupyter_safecoder.http.client import HttpClient, StreamedResponse
from jupyter_safecoder.protocol import TOKEN_HEADER, USER_HEADER, Status, parse_status

from .connection import Connection
from .supervisor import Supervisor

_STATUS_TIMEOUT_S = 5.0


class LocalBackend:
    """Sends requests to the runtime on behalf of users.

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
        self._client: HttpClient | None = None
        self._closing: set[asyncio.Future[None]] = set()
        #: Clients of a socket that was deleted: requests in progress on it go on.
        self._left: list[HttpClient] = []

    async def start(self) -> Status:
        """Start the runtime if that is allowed and it does not run; restart it if it failed."""
        if self._start == "never":
            return await self.status()
        if not self._supervisor.running:
            self._supervisor.start()
        else:
            state = (await self.status()).state
            if state == "failed":
                await self._supervisor.restart()
            elif state == "off":
                return await self._load()
        return await self.status()

    async def restart(self) -> Status:
        """Stop the runtime, and start it if that is allowed."""
        if self._start != "never":
            await self._supervisor.restart()
        return await self.status()

    async def _load(self) -> Status:
        """Have the runtime load the model that it has unloaded."""
        return await self._ask("POST", "/load")

    async def forget(self) -> Status:
        """Have the runtime drop texts of documents; starts nothing."""
        return await self._ask("POST", "/forget")

    async def status(self) -> Status:
        """Return the runtime's status, or the supervisor's if there is no runtime to ask."""
        if self._start == "never" and not self._supervisor.running:
            return Status(
                "off",
                "Completions are switched off on this server.",
                "An administrator can set c.SafeCoder.start_runtime to 'notebook' or 'server'.",
            )
        return await self._ask("GET", "/status")

    async def _ask(self, method: str, path: str) -> Status:
        """Return the status of the runtime's response, or the supervisor's without a runtime."""
        try:
            client = self._connected()
            async with client.request(method, path, timeout_s=_STATUS_TIMEOUT_S) as response:
                return parse_status(await response.read())
        except (RuntimeUnavailable, ConnectionRefused, ConnectionLost, ValueError):
            return self._supervisor.status

    @asynccontextmanager
    async def request(
        self, method: str, path: str, user: str, body: bytes | None = None
    ) -> AsyncIterator[StreamedResponse]:
        """Send a request; leaving the context early cancels it.

        Parameters
        ----------
        method, path, body
            Of the request.
        user
            The user who made it.

        Raises
        ------
        RuntimeUnavailable
            If there is no runtime.
        ConnectionLost
            If the runtime stops before the response is complete.
        """
        # Not after a failure: then only an explicit start tries again, not every keystroke.
        if self._start != "never" and self._supervisor.status.state == "off":
            self._supervisor.start()
        # Escaped: names of a JupyterHub may have line breaks, which headers may not.
        headers = {USER_HEADER: user.encode("unicode_escape").decode()}
        try:
            async with self._connected().request(method, path, body, headers) as response:
                yield response
        except ConnectionRefused:
            raise self._unavailable() from None

    async def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.close()
        await asyncio.gather(*self._closing, *(client.close() for client in self._left))

    def _leave(self, client: HttpClient, *, is_gone: bool) -> None:
        """Take no more requests to a client whose runtime is gone, or listens elsewhere now."""
        if not is_gone:
            self._left.append(client)
            return
        closing = asyncio.ensure_future(client.close())
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)

    def _unavailable(self) -> RuntimeUnavailable:
        status = self._supervisor.status
        return RuntimeUnavailable(status.reason, status.remedy)

    def _connected(self) -> HttpClient:
        connection = self._supervisor.connection
        if connection is None:
            raise self._unavailable()
        if self._client is None or connection != self._connection:
            if self._client is not None and self._connection is not None:
                self._leave(self._client, is_gone=connection.pid != self._connection.pid)
            headers = {TOKEN_HEADER: connection.token}
            self._client = HttpClient(connection.base_url, headers, connection.socket)
            self._connection = connection
        return self._client
