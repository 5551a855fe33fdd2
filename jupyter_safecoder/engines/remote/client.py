"""The way to a completion server: address, key, TLS, retries, and what each refusal means."""

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

_CONNECT_S = 5.0
#: Shorter than the 5 s of uvicorn: a connection that the server is about to close is not used.
_KEEPALIVE_S = 3.0
#: The first pause before a retry and the longest, in seconds.
_PAUSE_S, _LONGEST_PAUSE_S = 0.1, 2.0
#: Bytes of an answer that is not a stream, and of a key.
_ANSWER_BYTES, _KEY_BYTES = 2**20, 2**12


class RemoteClient:
    """Sends requests to one server, from one event loop.

    Parameters
    ----------
    server
        Where, and with which key and certificates.
    connections
        That are kept for the next requests.

    Raises
    ------
    EngineError
        If the address is none, or a file cannot be used.
    """

    def __init__(self, server: RemoteServer, connections: int) -> None:
        url = _check_url(server.url)
        self.host = url.netloc.decode("ascii")
        self._key = KeyFile(server.key_file) if server.key_file else None
        if url.scheme == "http" and url.host not in ("127.0.0.1", "::1", "localhost"):
            log.warning("Prompts travel to %s unencrypted: use https.", self.host)
        self._client = httpx.AsyncClient(
            base_url=url,
            verify=_tls_context(server) if url.scheme == "https" else False,
            trust_env=False,
            headers={"Accept-Encoding": "identity", "User-Agent": "jupyter-safecoder"},
            timeout=httpx.Timeout(None, connect=_CONNECT_S),
            limits=httpx.Limits(
                # The engine bounds its requests itself; of a bounded pool httpx would lose a place
                # for each that is cancelled while it connects.
                max_connections=None,
                max_keepalive_connections=connections,
                keepalive_expiry=_KEEPALIVE_S,
            ),
        )

    async def close(self) -> None:
        """Close all connections."""
        await self._client.aclose()

    async def ask(
        self, path: str, body: Mapping[str, Any] | None = None, *, within_s: float
    ) -> dict[str, Any]:
        """Return the JSON object that the server answers, by POST if there is a body.

        Raises
        ------
        Refusal
            If the server answers with another status than 200.
        EngineError
            If it cannot be reached, is slow, or answers no JSON object.
        """
        response = await self.send(path, body, within_s=within_s)
        try:
            with anyio.fail_after(within_s):
                answer = json.loads(await _read(response))
        except TimeoutError:
            raise self.slow(within_s) from None
        except (ValueError, RecursionError, httpx.TransportError):
            answer = None
        finally:
            await response.aclose()
        if not isinstance(answer, dict):
            raise self.garbage(f"no JSON object from {path}")
        return answer

    async def send(
        self,
        path: str,
        body: Mapping[str, Any] | None,
        *,
        within_s: float,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """Return a response with status 200 whose body is still to be read, and to be closed.

        Refused connections, 429 and 503 are tried again while the time lasts: then nothing has
        been computed yet.

        Raises
        ------
        Refusal, EngineError
            As ``ask``.
        """
        loop = asyncio.get_running_loop()
        end = loop.time() + within_s
        pause = _PAUSE_S
        while True:
            request = self._client.build_request(
                "GET" if body is None else "POST",
                path,
                json=body,
                headers={**(headers or {}), **(self._key.header() if self._key else {})},
            )
            try:
                with anyio.fail_after(max(end - loop.time(), 0.01)):
                    response = await self._client.send(request, stream=True)
                if response.status_code == 200:
                    return response
                await response.aclose()
                problem: EngineError = self._refusal(response.status_code)
                again = response.status_code in (429, 503)
                wanted = _retry_after(response)
            except TimeoutError:
                raise self.slow(within_s) from None
            except httpx.TransportError as error:
                problem, wanted = self._unreachable(error), None
                again = isinstance(error, httpx.ConnectError) and _tls_error(error) is None
            wait = pause if wanted is None else wanted
            if not again or loop.time() + wait >= end:
                raise problem
            await asyncio.sleep(wait)
            pause = min(2 * pause, _LONGEST_PAUSE_S)

    def slow(self, seconds: float) -> EngineError:
        """Return the problem of a server that did not go on in time."""
        return EngineError(
            f"The server {self.host} gave nothing within {seconds:.3g} seconds.",
            "Look at its load and its log; with more time for an answer (c.SafeCoder.deadline_s) "
            "we wait longer.",
        )

    def garbage(self, what: str) -> EngineError:
        """Return the problem of a server that answers what no completion server answers."""
        return EngineError(
            f"The server {self.host} did not answer as a completion server does: {what}.",
            "Check c.SafeCoder.remote_url and what stands between here and the server.",
        )

    def broken_off(self) -> EngineError:
        """Return the problem of an answer without an end."""
        return EngineError(
            f"The server {self.host} broke an answer off.",
            "Type on: the next request connects anew. If it happens again, look at its log.",
        )

    def _unreachable(self, error: httpx.TransportError) -> EngineError:
        tls = _tls_error(error)
        if tls is not None:
            why = getattr(tls, "verify_message", "") or tls.reason or "the handshake failed"
            return EngineError(
                f"TLS with the server {self.host} failed: {why}.",
                "Check c.SafeCoder.remote_ca_file, and remote_certificate_file if the server asks "
                "for one.",
            )
        if isinstance(error, httpx.ConnectTimeout):
            why = f"no connection within {_CONNECT_S:.0f} seconds"
        elif isinstance(error, httpx.ConnectError):
            why = "no connection"
        else:
            why = "it closed the connection without an answer"
        return EngineError(
            f"The server {self.host} cannot be reached: {why}.",
            "Start it, or check c.SafeCoder.remote_url and the network; then restart the runtime "
            "if it says 'failed'.",
        )

    def _refusal(self, status: int) -> RemoteServerError:
        server = f"The server {self.host}"
        if status in (401, 403):
            key = "does not accept our key" if self._key else "asks for a key"
            reason = f"{server} {key} (HTTP {status})."
            remedy = "Set c.SafeCoder.remote_key_file to a file with a key that it accepts."
        elif status in (429, 503):
            reason = f"{server} is too busy or still starting (HTTP {status})."
            remedy = "Wait a moment; if it stays so, give it more replicas."
        elif status in (404, 405, 501):
            reason = f"{server} has no such model or door (HTTP {status})."
            remedy = "Check c.SafeCoder.remote_url and c.SafeCoder.remote_model."
        elif 300 <= status < 400:
            reason = f"{server} redirects elsewhere (HTTP {status}), which is refused."
            remedy = "Set c.SafeCoder.remote_url to where it leads, if that is your server."
        elif status >= 500:
            reason = f"{server} failed (HTTP {status})."
            remedy = "Its log says why."
        else:
            reason = f"{server} refused the request (HTTP {status})."
            remedy = "Its log says why; check that it is a version that we know."
        return RemoteServerError(status, reason, remedy)


class KeyFile:
    """The key in a file, read again when the file changes.

    Raises
    ------
    EngineError
        If it cannot be read, holds no key, or everybody on the machine may read it.
    """

    def __init__(self, path: str) -> None:
        self._path = Path(path).expanduser()
        self._seen: tuple[int, ...] = ()
        self._header: dict[str, str] = {}
        self.header()

    def header(self) -> dict[str, str]:
        """Return the header that carries the key."""
        try:
            status = self._path.stat()
            seen = (status.st_ino, status.st_mtime_ns, status.st_size, status.st_mode)
            if seen != self._seen:
                _check_private(self._path, status.st_mode)
                with self._path.open("rb") as file:
                    key = file.read(_KEY_BYTES + 1).strip()
                if not key or len(key) > _KEY_BYTES or not all(33 <= byte < 127 for byte in key):
                    raise EngineError(
                        f"{self._path} does not hold a key: one line of printable characters.",
                        "Write the server's key into it, and nothing else.",
                    )
                self._header = {"Authorization": f"Bearer {key.decode('ascii')}"}
                self._seen = seen
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
            "c.SafeCoder.remote_url is not the address of a server.",
            "Write it as https://host:port, without what comes behind /v1.",
        )
    if url.userinfo:
        raise EngineError(
            "c.SafeCoder.remote_url holds a name or a password.",
            "Put the key into a file and name that in c.SafeCoder.remote_key_file.",
        )
    return url


def _check_private(path: Path, mode: int) -> None:
    if mode & stat.S_IROTH:
        raise EngineError(
            f"Everybody on this machine may read {path} (mode {stat.S_IMODE(mode):04o}).",
            f"Run: chmod 600 {path}.",
        )
    if mode & stat.S_IRGRP:
        log.warning("The group may read %s (mode %04o).", path, stat.S_IMODE(mode))


def _tls_context(server: RemoteServer) -> ssl.SSLContext:
    def refuse(trait: str, path: str, why: str) -> EngineError:
        return EngineError(
            f"{path} cannot be used as c.SafeCoder.{trait}: {why}.",
            "Name a file in PEM format that the runtime's user may read.",
        )

    try:
        context = ssl.create_default_context(cafile=server.ca_file or None)
    except (OSError, ssl.SSLError) as error:
        why = error.strerror if not isinstance(error, ssl.SSLError) else "no certificate in it"
        raise refuse("remote_ca_file", server.ca_file, why or "") from error
    if server.certificate_file:
        key = Path(server.certificate_key_file or server.certificate_file)
        try:
            _check_private(key, key.stat().st_mode)
            # An empty password: OpenSSL would ask at the terminal for that of an encrypted key.
            context.load_cert_chain(
                server.certificate_file, server.certificate_key_file or None, password=""
            )
        except (OSError, ssl.SSLError) as error:
            why = (
                error.strerror
                if not isinstance(error, ssl.SSLError)
                else "certificate and key are not a pair, or the key is encrypted"
            )
            raise refuse("remote_certificate_file", server.certificate_file, why or "") from error
    return context


def _tls_error(error: BaseException | None) -> ssl.SSLError | None:
    while error is not None and not isinstance(error, ssl.SSLError):
        error = error.__cause__ or error.__context__
    return error


def _retry_after(response: httpx.Response) -> float | None:
    """Return the seconds of ``Retry-After``; its other form, a date, no such server sends."""
    try:
        return max(float(response.headers["retry-after"]), _PAUSE_S)
    except (KeyError, ValueError):
        return None


async def _read(response: httpx.Response) -> bytes:
    content = b""
    async for chunk in response.aiter_raw():
        content += chunk
        if len(content) > _ANSWER_BYTES:
            return b""
    return content
