"""An asynchronous HTTP client whose requests can be cancelled at any moment, at no cost.

It uses aiohttp: of a hundred requests that are cancelled while they connect to a Unix socket, httpx
leaves most sockets open (docs/adr/0010-one-http-client.md).
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jupyter_safecoder.errors import ConnectionLost, ConnectionRefused

if TYPE_CHECKING:
    import aiohttp

_CONNECT_S = 5.0


@dataclass(frozen=True)
class StreamedResponse:
    """A response whose body is still coming; ``chunks`` yields its bytes as they come."""

    status: int
    headers: Mapping[str, str]
    chunks: AsyncIterator[bytes]

    async def read(self) -> bytes:
        """Return the whole body."""
        return b"".join([chunk async for chunk in self.chunks])


class HttpClient:
    """Connections to one server.

    Parameters
    ----------
    base_url
        URL of the server; paths are appended to it.
    headers
        Headers of every request.
    socket
        Path of a Unix socket to connect to, instead of the URL's host.
    context
        How the server's certificate is checked; ``None``: as the system does it.
    """

    def __init__(
        self,
        base_url: str,
        headers: Mapping[str, str],
        socket: str | None = None,
        context: ssl.SSLContext | None = None,
    ) -> None:
        # Imported here: it takes longer than the import of a server extension may.
        import aiohttp

        self._base_url = base_url
        connector: aiohttp.BaseConnector = (
            aiohttp.UnixConnector(socket, limit=0)
            if socket
            else aiohttp.TCPConnector(limit=0, ssl=context or True)
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            headers=headers,
            cookie_jar=aiohttp.DummyCookieJar(),
        )

    @asynccontextmanager
    async def request(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_s: float | None = None,
    ) -> AsyncIterator[StreamedResponse]:
        """Send a request; leaving the context early closes its connection.

        Parameters
        ----------
        method, path, body
            Of the request.
        headers
            Additional headers.
        timeout_s
            Seconds until the response must be complete; ``None``: no limit.

        Raises
        ------
        ConnectionRefused
            If nothing listens at the address.
        ConnectionLost
            If the connection closes before the response is complete, or time is up.
        """
        import aiohttp

        timeout = aiohttp.ClientTimeout(total=timeout_s, connect=_CONNECT_S)
        try:
            async with self._session.request(
                method, self._base_url + path, data=body, headers=headers, timeout=timeout
            ) as response:
                yield StreamedResponse(
                    response.status, response.headers, response.content.iter_any()
                )
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise ConnectionRefused from error
        except (aiohttp.ClientError, asyncio.TimeoutError) as error:
            raise ConnectionLost from error

    async def close(self) -> None:
        """Close the connections."""
        await self._session.close()
