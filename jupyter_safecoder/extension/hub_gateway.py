"""The way from a user's server on a JupyterHub to the Hub's service."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from ..hub.states import read_state
from ..protocol import Status
from .gateway import NotRunning

if TYPE_CHECKING:
    import httpx

_CONNECT_S = 5.0


class HubGateway:
    """Asks the Hub's service with the token that the Hub gave this server.

    Parameters
    ----------
    url
        Of the service.
    token
        Of this server: whose it is, the Hub says.
    ca_file
        Certificates that sign the service's; empty: those of the system.
    """

    def __init__(self, url: str, token: str, ca_file: str = "") -> None:
        self._url = url.rstrip("/")
        self._token = token
        self._ca_file = ca_file
        self._client: httpx.AsyncClient | None = None

    async def start(self) -> Status:
        """Ask the service to start the runtime that serves this user."""
        return await self._status("POST", "/start")

    async def status(self) -> Status:
        """Return the state of that runtime, or why there is none for this user."""
        return await self._status("GET", "/status")

    @asynccontextmanager
    async def ask(
        self, method: str, path: str, person: str, body: bytes | None = None
    ) -> AsyncIterator[httpx.Response]:
        """Ask at a door; leaving the context before its end cancels what was asked for.

        ``person`` is not sent: the service knows it from the token.

        Raises
        ------
        NotRunning
            If the service is not there.
        """
        import httpx

        try:
            async with self._connected().stream(method, self._url + path, content=body) as answer:
                yield answer
        except (httpx.ConnectError, httpx.ConnectTimeout):
            raise NotRunning(self._absent()) from None

    async def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.aclose()

    async def _status(self, method: str, path: str) -> Status:
        import httpx

        try:
            answer = await self._connected().request(method, self._url + path, timeout=_CONNECT_S)
        except httpx.HTTPError:
            return self._absent()
        return read_state(answer.content) or self._absent()

    def _absent(self) -> Status:
        return Status(
            "failed",
            f"The Hub's SafeCoder service does not answer at {self._url}.",
            "Wait a moment, or ask an administrator of the Hub.",
        )

    def _connected(self) -> httpx.AsyncClient:
        if self._client is None:
            import ssl

            import httpx

            context = ssl.create_default_context(cafile=self._ca_file or None)
            self._client = httpx.AsyncClient(
                headers={"Authorization": f"token {self._token}"},
                timeout=httpx.Timeout(None, connect=_CONNECT_S),
                verify=context,
                trust_env=False,
            )
        return self._client
