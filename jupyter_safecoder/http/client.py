"""An asynchronous HTTP client whose requests can be cancelled at any moment, at no cost.

It uses aiohttp: of a hundred requests that are cancelled while they connect to a Unix socket, httpx
leaves most sockets open (docs/adr/0010-one-http-client.md).
"""

from __future__ import annotations

import asyncio
import io
import ssl
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jupyter_safecoder.errors import ConnectionLost, ConnectionRefused

if TYPE_CHECKING:
    import aiohttp

#: Body size in bytes from which aiohttp wants a stream.
_MAX_PLAIN_BODY_BYTES = 2**20


@dataclass(frozen=True)
class StreamedResponse:
    """A response whose body is still coming; ``chunks`` yields its bytes as they come."""

    status: int
    headers: Mapping[str, str]
    chunks: AsyncIterator[bytes]

    async def read(self) -> bytes:
        """Return the whole body."""
        return b"".join([chunk async for chunk in self.chunks])

    async def lines(self) -> AsyncIterator[bytes]:
        """Yield the lines of the body as they come; each but the last has its line feed."""
        rest = b""
        async for chunk in self.chunks:
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                yield line + b"\n"
        if rest:
            yield rest


class HttpClient:
    """Connections to one server. No redirect is followed, and no proxy is used but a named one.

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
    check
        Called before each request; raises ``ConnectionRefused`` if the server cannot be trusted.
    connect_s
        Seconds to wait for a connection.
    keepalive_s
        Seconds for which a connection is kept for the next request.
    proxy
        URL of a forward proxy; ``None``: none, whatever the environment has.
    """

    def __init__(
        self,
        base_url: str,
        headers: Mapping[str, str],
        socket: str | None = None,
        context: ssl.SSLContext | None = None,
        *,
        check: Callable[[], None] = lambda: None,
        connect_s: float = 5.0,
        keepalive_s: float = 15.0,
        proxy: str | None = None,
    ) -> None:
        # Imported here: it takes longer than the import of a server extension may.
        import aiohttp

        self._base_url = base_url.rstrip("/")
        self._connect_s = connect_s
        self._check = check
        self._proxy = proxy
        connector: aiohttp.BaseConnector = (
            aiohttp.UnixConnector(socket, limit=0, keepalive_timeout=keepalive_s)
            if socket
            else aiohttp.TCPConnector(
                limit=0,
                ssl=context or True,
                keepalive_timeout=keepalive_s,
                # The system's; aiohttp would take c-ares where aiodns is installed.
                resolver=aiohttp.ThreadedResolver(),
            )
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            # Compression would delay what is streamed.
            headers={"Accept-Encoding": "identity", "User-Agent": "jupyter-safecoder", **headers},
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
        )

    @asynccontextmanager
    async def request(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        timeout_s: float | None = None,
        read_timeout_s: float | None = None,
    ) -> AsyncIterator[StreamedResponse]:
        """Send a request; leaving the context early closes its connection.

        Parameters
        ----------
        method, path, body
            Of the request; the path is quoted already.
        headers
            Additional headers.
        timeout_s
            Seconds until the response must be complete; ``None``: no limit.
        read_timeout_s
            Seconds until the next part of the response must come, once the request is sent;
            ``None``: no limit.

        Raises
        ------
        ConnectionRefused
            If nothing listens at the address, or the server cannot be trusted.
        ConnectionLost
            If the connection closes before the response is complete, or time is up.
        """
        import aiohttp
        from yarl import URL

        self._check()
        large = body is not None and len(body) > _MAX_PLAIN_BODY_BYTES
        with _translated_errors():
            response = await self._session.request(
                method,
                # As it is: yarl would resolve "..", and decode what is quoted.
                URL(self._base_url + path, encoded=True),
                data=io.BytesIO(body) if body and large else body,
                headers=headers,
                timeout=aiohttp.ClientTimeout(
                    total=timeout_s, connect=self._connect_s, sock_read=read_timeout_s
                ),
                allow_redirects=False,
                proxy=self._proxy,
            )
        async with response:
            yield StreamedResponse(response.status, response.headers, _chunks(response))

    async def close(self) -> None:
        """Close the connections."""
        await self._session.close()


async def _chunks(response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    with _translated_errors():
        async for chunk in response.content.iter_any():
            yield chunk


@contextmanager
def _translated_errors() -> Iterator[None]:
    """Raise ``ConnectionRefused`` or ``ConnectionLost`` for an error of aiohttp."""
    import aiohttp

    try:
        yield
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
        raise ConnectionRefused from error
    except (aiohttp.ClientError, asyncio.TimeoutError) as error:
        raise ConnectionLost from error
