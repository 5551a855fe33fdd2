"""The way from a user's server on a JupyterHub to the Hub's service."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from jupyter_safecoder.errors import ConnectionLost, ConnectionRefused, RuntimeUnavailable
from jupyter_safecoder.protocol import Status

from .http_client import HttpClient, StreamedResponse
from .responses import read_state

_STATUS_S = 10.0


class HubBackend:
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
        self._asking: HttpClient | None = None

    async def start(self) -> Status:
        """Ask the service to start the runtime that serves this user."""
        return await self._status("POST", "/start")

    async def status(self) -> Status:
        """Return the state of that runtime, or why there is none for this user."""
        return await self._status("GET", "/status")

    @asynccontextmanager
    async def ask(
        self, method: str, path: str, person: str, body: bytes | None = None
    ) -> AsyncIterator[StreamedResponse]:
        """Ask at a door; leaving the context before its end cancels what was asked for.

        ``person`` is not sent: the service knows it from the token.

        Raises
        ------
        RuntimeUnavailable
            If the service is not there.
        """
        try:
            async with self._connected().ask(method, path, body) as answer:
                yield answer
        except ConnectionRefused:
            absent = self._absent()
            raise RuntimeUnavailable(absent.reason, absent.remedy) from None

    async def close(self) -> None:
        """Close the connections."""
        if self._asking is not None:
            await self._asking.close()

    async def _status(self, method: str, path: str) -> Status:
        try:
            async with self._connected().ask(method, path, most_s=_STATUS_S) as answer:
                return read_state(await answer.whole()) or self._absent()
        except (ConnectionRefused, ConnectionLost):
            return self._absent()

    def _absent(self) -> Status:
        return Status(
            "failed",
            f"The Hub's SafeCoder service does not answer at {self._url}.",
            "Wait a moment, or ask an administrator of the Hub.",
        )

    def _connected(self) -> HttpClient:
        if self._asking is None:
            headers = {"Authorization": f"token {self._token}"}
            context = ssl.create_default_context(cafile=self._ca_file or None)
            self._asking = HttpClient(self._url, headers, context=context)
        return self._asking
