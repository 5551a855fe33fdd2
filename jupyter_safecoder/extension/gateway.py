"""The way from the server to the runtime."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from ..protocol import PERSON_HEADER, TOKEN_HEADER, Status, parse_status
from ..runtime.connection import Connection
from .supervisor import Supervisor

if TYPE_CHECKING:
    import httpx

_CONNECT_S = 5.0


class NotRunning(Exception):
    """There is no runtime to ask; the status says why."""

    def __init__(self, status: Status) -> None:
        super().__init__(status.reason)
        self.status = status


class Gateway:
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
        self._client: httpx.AsyncClient | None = None

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
        import httpx

        try:
            client = self._connected()
            answer = await client.get("/status", timeout=_CONNECT_S)
            return parse_status(answer.content)
        except (NotRunning, httpx.HTTPError, ValueError):
            return self._supervisor.status

    @asynccontextmanager
    async def ask(
        self, method: str, path: str, person: str, body: bytes | None = None
    ) -> AsyncIterator[httpx.Response]:
        """Ask at a door; leaving the context before its end cancels what was asked for.

        Raises
        ------
        NotRunning
            If there is no runtime, or it is gone.
        """
        # Not after it failed: then a person asks for another try, not each key that is typed.
        if self._start != "never" and self._supervisor.status.state == "off":
            self._supervisor.start()
        import httpx

        client = self._connected()
        try:
            async with client.stream(
                method,
                path,
                content=body,
                # Escaped: a Hub's names may have line breaks, which a header may not.
                headers={PERSON_HEADER: person.encode("unicode_escape").decode()},
            ) as answer:
                yield answer
        except httpx.ConnectError:
            raise NotRunning(self._supervisor.status) from None

    async def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.aclose()

    def _connected(self) -> httpx.AsyncClient:
        connection = self._supervisor.connection
        if connection is None:
            raise NotRunning(self._supervisor.status)
        if self._client is None or connection != self._connection:
            # The old client's connections broke with the runtime that they led to.
            self._client, self._connection = _client(connection), connection
        return self._client


def _client(connection: Connection) -> Any:
    # Late: importing httpx takes longer than a server extension's import may.
    import httpx

    return httpx.AsyncClient(
        transport=httpx.AsyncHTTPTransport(uds=connection.socket),
        base_url=connection.base_url,
        headers={TOKEN_HEADER: connection.token},
        timeout=httpx.Timeout(None, connect=_CONNECT_S),
        trust_env=False,
    )
