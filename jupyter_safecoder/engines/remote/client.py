"""HTTP client of a completion server: URL, API key, TLS, retries, and an error for each failure."""

from __future__ import annotations

import asyncio
import json
import logging
import ssl
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import anyio
import httpx

from jupyter_safecoder.engines.engine import RemoteServer
from jupyter_safecoder.errors import EngineError, RemoteServerError

log = logging.getLogger("jupyter_safecoder.runtime")

_CONNECT_TIMEOUT_S = 5.0
#: Shorter than uvicorn's 5 s, so that no connection is used that the server is about to close.
_KEEPALIVE_S = 3.0
#: The first pause before a retry, and the longest, in seconds.
_MIN_PAUSE_S, _MAX_PAUSE_S = 0.1, 2.0
#: Maximum size in bytes of a response that is not a stream, and of an API key.
_MAX_RESPONSE_BYTES, _MAX_KEY_BYTES = 2**20, 2**12


class RemoteClient:
    """Sends requests to one server, from one event loop.

    Parameters
    ----------
    server
        Its URL, API key and certificates.
    connections
        Number of idle connections that are kept for the next requests.

    Raises
    ------
    EngineError
        If the URL is invalid, or a file cannot be used.
    """

    def __init__(self, server: RemoteServer, connections: int) -> None:
        url = _check_url(server.url)
        self.host = url.netloc.decode("ascii")
        self._key = KeyFile(server.key_file) if server.key_file else None
        if url.scheme == "http" and url.host not in ("127.0.0.1", "::1", "localhost"):
            log.warning("Prompts are sent to %s unencrypted: use https.", self.host)
        self._client = httpx.AsyncClient(
            base_url=url,
            verify=_tls_context(server) if url.scheme == "https" else False,
            trust_env=False,
            headers={"Accept-Encoding": "identity", "User-Agent": "jupyter-safecoder"},
            timeout=httpx.Timeout(None, connect=_CONNECT_TIMEOUT_S),
            limits=httpx.Limits(
                # The engine bounds its requests itself. With a bounded pool httpx would lose a
                # connection for each request that is cancelled while it connects.
                max_connections=None,
                max_keepalive_connections=connections,
                keepalive_expiry=_KEEPALIVE_S,
            ),
        )

    async def close(self) -> None:
        """Close all connections."""
        await self._client.aclose()

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
        response = await self.send(path, body, timeout_s=timeout_s)
        try:
            with anyio.fail_after(timeout_s):
                content = json.loads(await _read(response))
        except TimeoutError:
            raise self.timeout_error(timeout_s) from None
        except (ValueError, RecursionError, httpx.TransportError):
            content = None
        finally:
            await response.aclose()
        if not isinstance(content, dict):
            raise self.malformed_error(f"no JSON object from {path}")
        return content

    async def send(
        self,
        path: str,
        body: Mapping[str, Any] | None,
        *,
        timeout_s: float,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """Send a request and return a response with status 200, its body not read yet.

        Refused connections, 429 and 503 are retried while there is time: nothing has been computed
        for them. The caller closes the response.

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
        while True:
            request = self._client.build_request(
                "GET" if body is None else "POST",
                path,
                json=body,
                headers={**(headers or {}), **(self._key.header() if self._key else {})},
            )
            try:
                with anyio.fail_after(max(deadline - loop.time(), 0.01)):
                    response = await self._client.send(request, stream=True)
                if response.status_code == 200:
                    return response
                await response.aclose()
                failure: EngineError = self._status_error(response.status_code)
                retry = response.status_code in (429, 503)
                retry_after = _retry_after(response)
            except TimeoutError:
                raise self.timeout_error(timeout_s) from None
            except httpx.TransportError as error:
                failure, retry_after = self._transport_error(error), None
                retry = isinstance(error, httpx.ConnectError) and _tls_error(error) is None
            wait = pause if retry_after is None else retry_after
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

    def _transport_error(self, error: httpx.TransportError) -> EngineError:
        tls = _tls_error(error)
        if tls is not None:
            why = getattr(tls, "verify_message", "") or tls.reason or "the handshake failed"
            return EngineError(
                f"TLS with the server {self.host} failed: {why}.",
                "Check c.SafeCoder.remote_ca_file, and remote_certificate_file if the server asks "
                "for a client certificate.",
            )
        if isinstance(error, httpx.ConnectTimeout):
            why = f"no connection within {_CONNECT_TIMEOUT_S:.0f} seconds"
        elif isinstance(error, httpx.ConnectError):
            why = "no connection"
        else:
            why = "it closed the connection without a response"
        return EngineError(
            f"The server {self.host} cannot be reached: {why}.",
            "Start it, or check c.SafeCoder.remote_url and the network; then restart the runtime "
            "if its status is 'failed'.",
        )

    def _status_error(self, status: int) -> RemoteServerError:
        server = f"The server {self.host}"
        if status in (401, 403):
            key = "does not accept our API key" if self._key else "asks for an API key"
            reason = f"{server} {key} (HTTP {status})."
            remedy = "Set c.SafeCoder.remote_key_file to a file with a key that it accepts."
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


class KeyFile:
    """An API key in a file, which is read again when the file changes.

    Parameters
    ----------
    path
        The file.

    Raises
    ------
    EngineError
        If it cannot be read, holds no key, or can be read by all users of the machine.
    """

    def __init__(self, path: str) -> None:
        self._path = Path(path).expanduser()
        self._version: tuple[int, ...] = ()
        self._header: dict[str, str] = {}
        self.header()

    def header(self) -> dict[str, str]:
        """Return the HTTP header with the key.

        Raises
        ------
        EngineError
            If the file cannot be used any more.
        """
        try:
            status = self._path.stat()
            version = (status.st_ino, status.st_mtime_ns, status.st_size, status.st_mode)
            if version != self._version:
                _check_private(self._path, status.st_mode)
                with self._path.open("rb") as file:
                    key = file.read(_MAX_KEY_BYTES + 1).strip()
                printable = all(33 <= byte < 127 for byte in key)
                if not key or len(key) > _MAX_KEY_BYTES or not printable:
                    raise EngineError(
                        f"{self._path} does not hold a key: one line of printable characters.",
                        "Write the server's API key into it, and nothing else.",
                    )
                self._header = {"Authorization": f"Bearer {key.decode('ascii')}"}
                self._version = version
        except OSError as error:
            raise EngineError(
                f"The key file {self._path} cannot be read: {error.strerror}.",
                "Check c.SafeCoder.remote_key_file, and that the runtime's user may read it.",
            ) from error
        return self._header


def _check_url(text: str) -> httpx.URL:
    try:
        url = httpx.URL(text.rstrip("/").removesuffix("/v1"))
    except httpx.InvalidURL:
        url = httpx.URL("")
    if url.scheme not in ("http", "https") or not url.host or url.query or url.fragment:
        raise EngineError(
            "c.SafeCoder.remote_url is not the URL of a server.",
            "Write it as https://host:port, without the path after /v1.",
        )
    if url.userinfo:
        raise EngineError(
            "c.SafeCoder.remote_url holds a user name or a password.",
            "Put the API key into a file, and set c.SafeCoder.remote_key_file to that file.",
        )
    return url


def _check_private(path: Path, mode: int) -> None:
    if mode & stat.S_IROTH:
        raise EngineError(
            f"All users of this machine may read {path} (mode {stat.S_IMODE(mode):04o}).",
            f"Run: chmod 600 {path}.",
        )
    if mode & stat.S_IRGRP:
        log.warning("The group may read %s (mode %04o).", path, stat.S_IMODE(mode))


def _tls_context(server: RemoteServer) -> ssl.SSLContext:
    def unusable(trait: str, path: str, why: str) -> EngineError:
        return EngineError(
            f"{path} cannot be used as c.SafeCoder.{trait}: {why}.",
            "Name a file in PEM format that the runtime's user may read.",
        )

    try:
        context = ssl.create_default_context(cafile=server.ca_file or None)
    except (OSError, ssl.SSLError) as error:
        why = error.strerror if not isinstance(error, ssl.SSLError) else "no certificate in it"
        raise unusable("remote_ca_file", server.ca_file, why or "") from error
    if server.certificate_file:
        key = Path(server.certificate_key_file or server.certificate_file)
        try:
            _check_private(key, key.stat().st_mode)
            # With an empty password OpenSSL does not prompt for that of an encrypted key.
            context.load_cert_chain(
                server.certificate_file, server.certificate_key_file or None, password=""
            )
        except (OSError, ssl.SSLError) as error:
            why = (
                error.strerror
                if not isinstance(error, ssl.SSLError)
                else "certificate and key are not a pair, or the key is encrypted"
            )
            raise unusable("remote_certificate_file", server.certificate_file, why or "") from error
    return context


def _tls_error(error: BaseException | None) -> ssl.SSLError | None:
    """Return the TLS error that caused another error, if one did."""
    while error is not None and not isinstance(error, ssl.SSLError):
        error = error.__cause__ or error.__context__
    return error


def _retry_after(response: httpx.Response) -> float | None:
    """Return the seconds of ``Retry-After``; completion servers do not send its date form."""
    try:
        return max(float(response.headers["retry-after"]), _MIN_PAUSE_S)
    except (KeyError, ValueError):
        return None


async def _read(response: httpx.Response) -> bytes:
    """Return the body; empty if it is larger than the limit."""
    content = b""
    async for chunk in response.aiter_raw():
        content += chunk
        if len(content) > _MAX_RESPONSE_BYTES:
            return b""
    return content
