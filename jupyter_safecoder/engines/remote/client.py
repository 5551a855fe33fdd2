"""HTTP client of a completion server: URL, retries, and an error for each failure."""

from __future__ import annotations

import asyncio
import json
import logging
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from functools import cached_property
from typing import Any
from urllib.parse import SplitResult, urlsplit

import anyio

from jupyter_safecoder.engines.engine import RemoteServer
from jupyter_safecoder.errors import (
    ConnectionLost,
    ConnectionRefused,
    EngineError,
    RemoteServerError,
)
from jupyter_safecoder.http.client import HttpClient, StreamedResponse

from .credentials import KeyFile, tls_context
from .proxy import find_proxy, proxy_host

log = logging.getLogger("jupyter_safecoder.runtime")

_CONNECT_S = 5.0
#: Shorter than uvicorn's 5 s, so that no connection is used that the server is about to close.
_KEEPALIVE_S = 3.0
#: The first pause before a retry, and the longest, in seconds.
_MIN_PAUSE_S, _MAX_PAUSE_S = 0.1, 2.0
#: Maximum size in bytes of a response that is not a stream.
_MAX_RESPONSE_BYTES = 2**20


class RemoteClient:
    """Sends requests to one server, from one event loop.

    Parameters
    ----------
    server
        Its URL, API key and certificates.

    Raises
    ------
    EngineError
        If the URL is invalid, or a file cannot be used.
    """

    def __init__(self, server: RemoteServer) -> None:
        url = _check_url(server.url)
        self.host = url.netloc
        self._key = KeyFile(server.key_file) if server.key_file else None
        if url.scheme == "http" and url.hostname not in ("127.0.0.1", "::1", "localhost"):
            log.warning("Prompts are sent to %s unencrypted: use https.", self.host)
        self._url = url.geturl()
        self._proxy = find_proxy(server.proxy, url)
        self._context = tls_context(server) if url.scheme == "https" else None

    async def close(self) -> None:
        """Close all connections."""
        await self._http.close()

    @cached_property
    def _http(self) -> HttpClient:
        # At the first request: it belongs to the event loop.
        return HttpClient(
            self._url,
            {"Content-Type": "application/json"},
            context=self._context,
            connect_s=_CONNECT_S,
            keepalive_s=_KEEPALIVE_S,
            proxy=self._proxy,
        )

    async def request_json(
        self, path: str, body: Mapping[str, Any] | None = None, *, timeout_s: float
    ) -> dict[str, Any]:
        """Send a request and return the JSON object of the response.

        Parameters
        ----------
        path
            Path below the server's URL.
        body
            Sent as JSON by POST; ``None``: the request is a GET.
        timeout_s
            Seconds for the headers of the response, retries included, and again for its body.

        Raises
        ------
        RemoteServerError
            If the status is not 200.
        EngineError
            If the server cannot be reached, is too slow, or returns no JSON object.
        """
        async with self.send(path, body, timeout_s=timeout_s) as response:
            try:
                with anyio.fail_after(timeout_s):
                    content = json.loads(await _read(response))
            except TimeoutError:
                raise self.timeout_error(timeout_s) from None
            except (ValueError, RecursionError, ConnectionLost):
                content = None
        if not isinstance(content, dict):
            raise self.malformed_error(f"no JSON object from {path}")
        return content

    @asynccontextmanager
    async def send(
        self,
        path: str,
        body: Mapping[str, Any] | None,
        *,
        timeout_s: float,
        headers: Mapping[str, str] | None = None,
    ) -> AsyncIterator[StreamedResponse]:
        """Send a request; yield a response with status 200, its body not read yet.

        Refused connections, 429 and 503 are retried while there is time: nothing has been computed
        for them. Leaving the context early closes the connection.

        Parameters
        ----------
        path
            Path below the server's URL.
        body
            Sent as JSON by POST; ``None``: the request is a GET.
        timeout_s
            Seconds for the headers of the response, retries included.
        headers
            Further headers of the request.

        Raises
        ------
        RemoteServerError
            If the status is not 200.
        EngineError
            If the server cannot be reached or is too slow.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout_s
        pause = _MIN_PAUSE_S
        method = "GET" if body is None else "POST"
        content = None if body is None else json.dumps(body, separators=(",", ":")).encode()
        while True:
            key = self._key.header() if self._key else {}
            request = self._http.request(method, path, content, {**(headers or {}), **key})
            async with AsyncExitStack() as stack:
                try:
                    with anyio.fail_after(max(deadline - loop.time(), 0.01)):
                        response = await stack.enter_async_context(request)
                except TimeoutError:
                    raise self.timeout_error(timeout_s) from None
                except (ConnectionRefused, ConnectionLost) as error:
                    failure, wait = self._transport_error(error), pause
                    retry = _is_refused(error) and _tls_error(error) is None
                else:
                    if response.status == 200:
                        yield response
                        return
                    failure = self._status_error(response.status)
                    wait = _retry_after(response.headers) or pause
                    retry = response.status in (429, 503)
            if not retry or loop.time() + wait >= deadline:
                raise failure
            await asyncio.sleep(wait)
            pause = min(2 * pause, _MAX_PAUSE_S)

    def timeout_error(self, seconds: float) -> EngineError:
        """Return the error of a server that sent nothing for so many seconds."""
        return EngineError(
            f"The server {self.host} sent nothing for {seconds:.3g} seconds.",
            "Check its load and its log, or raise c.SafeCoder.deadline_s to wait longer.",
        )

    def malformed_error(self, what: str) -> EngineError:
        """Return the error of a response that is not one of a completion server."""
        return EngineError(
            f"The server {self.host} did not answer like a completion server: {what}.",
            "Check c.SafeCoder.remote_url, and proxies between here and the server.",
        )

    def truncated_error(self) -> EngineError:
        """Return the error of a response that ended too early."""
        return EngineError(
            f"The server {self.host} closed the connection in the middle of a response.",
            "Keep typing: the next request connects again. If it happens again, check its log.",
        )

    def _transport_error(self, error: ConnectionRefused | ConnectionLost) -> EngineError:
        tls = _tls_error(error)
        if self._proxy is not None and tls is None:
            return self._proxy_error(self._proxy, error)
        if tls is not None:
            why = getattr(tls, "verify_message", "") or tls.reason or "the handshake failed"
            return EngineError(
                f"TLS with the server {self.host} failed: {why}.",
                "Check c.SafeCoder.remote_ca_file, and remote_certificate_file if the server asks "
                "for a client certificate.",
            )
        if _is_refused(error):
            why = "no connection"
        elif isinstance(error, ConnectionRefused):
            why = f"no connection within {_CONNECT_S:.0f} seconds"
        else:
            why = "it closed the connection without a response"
        return EngineError(
            f"The server {self.host} cannot be reached: {why}.",
            "Start it, or check c.SafeCoder.remote_url and the network; then restart the runtime "
            "if its status is 'failed'.",
        )

    def _proxy_error(self, proxy: str, error: ConnectionRefused | ConnectionLost) -> EngineError:
        """Return the error of a connection through a proxy, which may have caused it."""
        status = getattr(error.__cause__, "status", None)
        why = f"it answered HTTP {status}" if status else "no connection"
        return EngineError(
            f"The server {self.host} cannot be reached by the proxy {proxy_host(proxy)}: {why}.",
            "Check c.SafeCoder.remote_proxy, or HTTPS_PROXY and NO_PROXY in the environment of the "
            "Jupyter server, and that the proxy allows this server.",
        )

    def _status_error(self, status: int) -> RemoteServerError:
        server = f"The server {self.host}"
        if status in (401, 403):
            key = "does not accept our API key" if self._key else "asks for an API key"
            reason = f"{server} {key} (HTTP {status})."
            remedy = "Set c.SafeCoder.remote_key_file to a file with a key that it accepts."
        elif status == 407:
            reason = f"The proxy to {self.host} asks for a name and a password (HTTP 407)."
            remedy = "Set c.SafeCoder.remote_proxy to http://name:password@host:port."
        elif status in (429, 503):
            reason = f"{server} is too busy or still starting (HTTP {status})."
            remedy = "Wait a moment. If it stays busy, add replicas."
        elif status in (404, 405, 501):
            reason = f"{server} has no such model or endpoint (HTTP {status})."
            remedy = "Check c.SafeCoder.remote_url and c.SafeCoder.remote_model."
        elif 300 <= status < 400:
            reason = f"{server} redirects to another URL (HTTP {status}), which is refused."
            remedy = "Set c.SafeCoder.remote_url to that URL if it is your server."
        elif status >= 500:
            reason = f"{server} failed (HTTP {status})."
            remedy = "Check its log."
        else:
            reason = f"{server} refused the request (HTTP {status})."
            remedy = "Check its log, and that its version is supported."
        return RemoteServerError(status, reason, remedy)


def _check_url(text: str) -> SplitResult:
    try:
        url = urlsplit(text.rstrip("/").removesuffix("/v1"))
        valid = url.scheme in ("http", "https") and url.hostname and (url.port or True)
    except ValueError:
        valid = False
    if not valid or url.query or url.fragment or " " in text or not text.isprintable():
        raise EngineError(
            "c.SafeCoder.remote_url is not the URL of a server.",
            "Write it as https://host:port, without the path after /v1.",
        )
    if "@" in url.netloc:
        raise EngineError(
            "c.SafeCoder.remote_url holds a user name or a password.",
            "Put the API key into a file, and set c.SafeCoder.remote_key_file to that file.",
        )
    return url


def _is_refused(error: ConnectionRefused | ConnectionLost) -> bool:
    """Return whether no connection could be made, unless that took too long."""
    timed_out = isinstance(error.__cause__, asyncio.TimeoutError)
    return isinstance(error, ConnectionRefused) and not timed_out


def _tls_error(error: BaseException | None) -> ssl.SSLError | None:
    """Return the TLS error that caused another error, if one did."""
    found = None
    while error is not None:
        # The last one: aiohttp's own, which it causes, derive from the same class.
        found = error if isinstance(error, ssl.SSLError) else found
        error = error.__cause__ or error.__context__
    return found


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds of ``Retry-After``; completion servers do not send its date form."""
    try:
        return max(float(headers["Retry-After"]), _MIN_PAUSE_S)
    except (KeyError, ValueError):
        return None


async def _read(response: StreamedResponse) -> bytes:
    """Return the body; empty if it is larger than the limit."""
    content = b""
    async for chunk in response.chunks:
        content += chunk
        if len(content) > _MAX_RESPONSE_BYTES:
            return b""
    return content
