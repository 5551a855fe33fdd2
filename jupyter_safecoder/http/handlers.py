"""Request handlers that the runtime, the server extension and the Hub's service share.

They are to be mixed into handlers of Tornado or of Jupyter Server: errors have the protocol's form,
bodies have a limit, and a response is cancelled when its client disconnects.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import traceback
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from http.client import responses
from typing import Any, TypeVar

from tornado import web
from tornado.iostream import StreamClosedError

from jupyter_safecoder.errors import BodyTooLarge, ConnectionLost, SafeCoderError
from jupyter_safecoder.protocol import Error, encode_event

log = logging.getLogger(__name__)

#: Seconds that a client has to read what was sent: one that reads nothing would keep its place
#: among the requests that run.
_READ_S = 10.0
#: A larger body is parsed in a thread: the event loop would stand still meanwhile.
_LARGE_BYTES = 2**18
#: A larger body of a client that has sent too much is not received: it may get a closed connection
#: instead of the reason.
_MAX_DROPPED_BYTES = 2**18
#: Seconds after which a thread that parses lets the event loop go on. Python's default is ten times
#: as long, and a response takes several turns of the loop.
_SWITCH_INTERVAL_S = 0.0005
#: One thread: several that parse would keep the event loop from its share of the interpreter.
_parsing = ThreadPoolExecutor(
    1, "safecoder-parse", lambda: sys.setswitchinterval(_SWITCH_INTERVAL_S)
)
T = TypeVar("T")
#: HTTP status of a response whose error has a code of the protocol.
HTTP_STATUS = {
    "bad_request": 400,
    "unauthorized": 401,
    "forbidden": 403,
    "not_found": 404,
    "too_large": 413,
    "queue_full": 429,
    "engine_failed": 500,
    "internal": 500,
    "not_ready": 503,
    "runtime_unavailable": 503,
}


async def parse_body(body: bytes, parse: Callable[[bytes], T]) -> T:
    """Return what a function makes of a body, without blocking the event loop for a large one.

    Parameters
    ----------
    body
        The body.
    parse
        A pure function; what it raises is raised.
    """
    if len(body) <= _LARGE_BYTES:
        return parse(body)
    return await asyncio.get_running_loop().run_in_executor(_parsing, parse, body)


class BoundedBody:
    """Collects a body; what exceeds the limit is dropped, never held in memory.

    Parameters
    ----------
    limit
        In bytes.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._content = bytearray()

    def add(self, chunk: bytes) -> None:
        """Append a chunk."""
        if len(self._content) <= self._limit:
            self._content += chunk

    def content(self) -> bytes:
        """Return the body.

        Raises
        ------
        BodyTooLarge
            If it exceeds the limit.
        """
        if len(self._content) > self._limit:
            raise BodyTooLarge(f"The request is larger than {self._limit:,} bytes.")
        return bytes(self._content)


class ProtocolHandler(web.RequestHandler):
    """Responds with errors of the protocol."""

    def refuse(self, error: Error | SafeCoderError, status: int | None = None) -> None:
        """Respond with an error; if a stream has started, end it with the error.

        Parameters
        ----------
        error
            The error, or an exception that has one.
        status
            HTTP status; ``None``: the one of the error's code.
        """
        if isinstance(error, SafeCoderError):
            error = Error.from_exception(error)
        if self._headers_written:
            self.finish(self.error_in_stream(error))
            return
        self.set_status(status or HTTP_STATUS[error.code])
        if error.retry_after_s is not None:
            self.set_header("Retry-After", str(max(1, round(error.retry_after_s))))
        self.set_header("Content-Type", "application/json")
        self.finish(self.error_body(error))

    def error_body(self, error: Error) -> Any:
        """Return an error in the form of this handler's protocol."""
        return encode_event(error)

    def error_in_stream(self, error: Error) -> Any:
        """Return an error as the last part of a stream."""
        return self.error_body(error)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Respond in the protocol's form to what Tornado refuses; details stay in the log."""
        code = "not_found" if status_code == 404 else "internal"
        phrase = responses.get(status_code, "Error")
        self.set_header("Content-Type", "application/json")
        self.finish(self.error_body(Error(code, f"{phrase} ({status_code}).")))

    async def send(self, chunk: str | bytes) -> None:
        """Send a part of a stream.

        Raises
        ------
        StreamClosedError
            If the client has disconnected, or does not read what was sent.
        """
        if not self._headers_written:
            # NGINX holds responses back by default: see its proxy_buffering.
            self.set_header("X-Accel-Buffering", "no")
        self.write(chunk)
        sent = self.flush()
        if sent.done():  # nearly always; a timeout takes longer than all of this
            return sent.result()
        try:
            await asyncio.wait_for(sent, _READ_S)
        except asyncio.TimeoutError:
            log.info("A client was disconnected: it did not read its response.")
            connection: Any = self.request.connection
            connection.stream.close()
            raise StreamClosedError from None


@web.stream_request_body
class StreamedBodyHandler(ProtocolHandler):
    """Receives a body chunk by chunk, up to a limit; disconnecting cancels the response."""

    _body: BoundedBody
    _denied: SafeCoderError | None = None
    _task: asyncio.Task[None] | None = None
    _disconnected = False

    @property
    def max_body_bytes(self) -> int:
        """Maximum size of the body."""
        raise NotImplementedError

    async def authorize(self) -> None:
        """Check whether the request is allowed, before its body is received.

        Raises
        ------
        SafeCoderError
            If it is not. The body is then received and dropped before the client gets the error:
            a client that is still writing would not read an earlier response. Only a large body
            of a client that has to wait before its next request is not received.
        """

    async def prepare(self) -> None:
        """Prepare for the body."""
        self._body = BoundedBody(self.max_body_bytes)
        if (prepared := super().prepare()) is not None:
            await prepared
        try:
            await self.authorize()
        except SafeCoderError as error:
            self._denied = error
            if error.retry_after_s is not None and self.declared_bytes() > _MAX_DROPPED_BYTES:
                self.refuse(error)

    def declared_bytes(self) -> int:
        """Return the size of the body as its client declares it, or else the maximum."""
        length = self.request.headers.get("Content-Length", "")
        if length.isascii() and length.isdigit():
            return int(length)
        return self.max_body_bytes if "Transfer-Encoding" in self.request.headers else 0

    def data_received(self, chunk: bytes) -> None:
        """Receive a chunk of the body."""
        if self._denied is None:
            self._body.add(chunk)

    def body(self) -> bytes:
        """Return the whole body.

        Raises
        ------
        BodyTooLarge
            If it exceeds the limit.
        SafeCoderError
            If the request is not allowed.
        """
        if self._denied is not None:
            raise self._denied
        return self._body.content()

    async def respond(self, handle: Callable[[bytes], Awaitable[None]]) -> None:
        """Respond to the body, in a task that is cancelled when the client disconnects.

        Parameters
        ----------
        handle
            Called with the body. A :class:`SafeCoderError` that it raises becomes the response, or
            the end of the stream; any other exception becomes an error without details.
        """
        self._task = asyncio.ensure_future(self._respond(handle))
        try:
            await self._task
        except asyncio.CancelledError:
            if self._disconnected:
                log.debug("The client disconnected.")
            else:  # this process is stopping
                self.refuse(ConnectionLost())

    async def _respond(self, handle: Callable[[bytes], Awaitable[None]]) -> None:
        try:
            await handle(self.body())
        except SafeCoderError as error:
            self.refuse(error)
        except StreamClosedError:
            log.debug("The client disconnected.")
        except Exception as error:  # noqa: BLE001 - whatever it is, the client gets a sentence
            # The lines of code but not the message, which could quote the notebook.
            lines = "".join(traceback.format_tb(error.__traceback__))
            log.error("A request failed: %s\n%s", type(error).__name__, lines)
            reason = f"The request failed ({type(error).__name__})."
            self.refuse(Error("internal", reason, "The log has the details."))

    def on_connection_close(self) -> None:
        """Cancel the response."""
        self._disconnected = True
        if self._task is not None:
            self._task.cancel()
        super().on_connection_close()
