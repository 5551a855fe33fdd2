"""The way from a user's server on a JupyterHub to the Hub's service."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ..hub.states import read_state
from ..protocol import Status
from .asking import Answer, Asking, Lost, Unreachable
from .gateway import NotRunning

_STATUS_S = 10.0


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
        self._asking: Asking | None = None

    async def start(self) -> Status:
        """Ask the service to start the runtime that serves this user."""
        return await self._status("POST", "/start")

    async def status(self) -> Status:
        """Return the state of that runtime, or why there is none for this user."""
        return await self._status("GET", "/status")

    @asynccontextmanager
    async def ask(
        self, method: str, path: str, person: str, body: bytes | None = None
    ) -> AsyncIterator[Answer]:
        """Ask at a door; leaving the context before its end cancels what was asked for.

        ``person`` is not sent: the service knows it from the token.

        Raises
        ------
        NotRunning
            If the service is not there.
        """
        try:
            async with self._connected().ask(method, path, body) as answer:
                yield answer
        except Unreachable:
            raise NotRunning(self._absent()) from None

    async def close(self) -> None:
        """Close the connections."""
        if self._asking is not None:
            await self._asking.close()

    async def _status(self, method: str, path: str) -> Status:
        try:
            async with self._connected().ask(method, path, most_s=_STATUS_S) as answer:
                return read_state(await answer.whole()) or self._absent()
        except (Unreachable, Lost):
            return self._absent()

    def _absent(self) -> Status:
        return Status(
            "failed",
            f"The Hub's SafeCoder service does not answer at {self._url}.",
            "Wait a moment, or ask an administrator of the Hub.",
        )

    def _connected(self) -> Asking:
        if self._asking is None:
            headers = {"Authorization": f"token {self._token}"}
            context = ssl.create_default_context(cafile=self._ca_file or None)
            self._asking = Asking(self._url, headers, context=context)
        return self._asking
