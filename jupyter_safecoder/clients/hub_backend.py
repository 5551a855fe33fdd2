"""Sends the server extension's requests to the SafeCoder service of a JupyterHub."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from jupyter_safecoder.errors import (
    ConnectionLost,
    ConnectionRefused,
    RuntimeUnavailable,
    UntrustedSocket,
    UnusableAddress,
)
from jupyter_safecoder.http.client import HttpClient, StreamedResponse
from jupyter_safecoder.protocol import Status

from .responses import read_status
from .service_address import ServiceAddress

_STATUS_TIMEOUT_S = 10.0


class HubBackend:
    """Sends requests to the service with the API token of this user's server.

    Parameters
    ----------
    url
        URL of the service; of the scheme ``http+unix`` for a Unix socket.
    token
        API token of this server, from which the service knows the user.
    ca_file
        Certificate authorities that sign the service's certificate; empty: those of the system.
    """

    def __init__(self, url: str, token: str, ca_file: str = "") -> None:
        self._address = ServiceAddress.of_url(url)
        self._token = token
        self._ca_file = ca_file
        self._client: HttpClient | None = None

    @property
    def address(self) -> str:
        """Where the service is, for users."""
        return str(self._address)

    async def start(self) -> Status:
        """Have the service start the runtime that serves this user."""
        return await self._status("POST", "/start")

    async def status(self) -> Status:
        """Return the status of that runtime, or why there is none for this user."""
        return await self._status("GET", "/status")

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
            Not sent: the service knows the user from the token.

        Raises
        ------
        RuntimeUnavailable
            If the service does not respond.
        ConnectionLost
            If the connection closes before the response is complete.
        """
        try:
            async with self._connected().request(method, path, body) as response:
                yield response
        except ConnectionRefused as error:
            absent = self._absent(error)
            raise RuntimeUnavailable(absent.reason, absent.remedy) from None

    async def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.close()

    async def _status(self, method: str, path: str) -> Status:
        try:
            client = self._connected()
            async with client.request(method, path, timeout_s=_STATUS_TIMEOUT_S) as response:
                return read_status(await response.read()) or self._absent()
        except (ConnectionRefused, ConnectionLost) as error:
            return self._absent(error)

    def _absent(self, error: Exception | None = None) -> Status:
        if isinstance(error, (UntrustedSocket, UnusableAddress)):
            return Status("failed", error.reason, error.remedy)
        return Status(
            "failed",
            f"The Hub's SafeCoder service does not answer at {self._address}.",
            "Wait a moment, or ask an administrator of the Hub.",
        )

    def _connected(self) -> HttpClient:
        if self._client is None:
            headers = {"Authorization": f"token {self._token}"}
            address = self._address
            context = _tls_context(self._ca_file)
            self._client = HttpClient(
                address.base_url, headers, address.socket, context, check=address.check
            )
        return self._client


def _tls_context(ca_file: str) -> ssl.SSLContext:
    """Return how certificates are checked.

    It is called again after a failure: a corrected file needs no restart.

    Raises
    ------
    UnusableAddress
        If the file of certificate authorities cannot be used.
    """
    try:
        return ssl.create_default_context(cafile=ca_file or None)
    except ssl.SSLError:
        reason = "has no certificate in PEM format"
    except (OSError, ValueError) as error:  # a null byte
        text = error.strerror if isinstance(error, OSError) else "it is not a path"
        reason = f"cannot be read ({text})"
    raise UnusableAddress(
        f"The file of certificate authorities {ca_file!r} {reason}.",
        "Correct c.SafeCoder.service_ca_file; if it is empty, the authorities of the system count.",
    )
