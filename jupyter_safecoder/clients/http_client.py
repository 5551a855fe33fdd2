"""Asks over HTTP, so that leaving in the middle costs nothing: keys that are typed on do so.

By aiohttp: httpx loses a place of its pool for each request that is cancelled while it connects,
and answers nobody any more when all are lost.
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
    """An answer that is coming; ``chunks`` are its bytes as they come."""

    status: int
    headers: Mapping[str, str]
    chunks: AsyncIterator[bytes]

    async def whole(self) -> bytes:
        """Return all of its bytes."""
        return b"".join([chunk async for chunk in self.chunks])


class HttpClient:
    """Connections to one server.

    Parameters
    ----------
    base_url
        Of the server.
    headers
        Of each request.
    socket
        A Unix socket to reach it at.
    context
        How its certificate is checked.
    """

    def __init__(
        self,
        base_url: str,
        headers: Mapping[str, str],
        socket: str | None = None,
        context: ssl.SSLContext | None = None,
    ) -> None:
        # Late: it takes longer to import than a server extension's import may.
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
    async def ask(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        most_s: float | None = None,
    ) -> AsyncIterator[StreamedResponse]:
        """Ask; leaving the context before its end closes the connection.

        Raises
        ------
        Unreachable
            If nobody listens.
        Lost
            If the connection ends before the answer, or the answer takes more than ``most_s``.
        """
        import aiohttp

        timeout = aiohttp.ClientTimeout(total=most_s, connect=_CONNECT_S)
        try:
            async with self._session.request(
                method, self._base_url + path, data=body, headers=headers, timeout=timeout
            ) as answer:
                yield StreamedResponse(answer.status, answer.headers, answer.content.iter_any())
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise ConnectionRefused from error
        except (aiohttp.ClientError, asyncio.TimeoutError) as error:
            raise ConnectionLost from error

    async def close(self) -> None:
        """Close the connections."""
        await self._session.close()
