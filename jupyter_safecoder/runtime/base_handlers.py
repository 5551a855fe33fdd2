"""What all of the runtime's doors share: the token, refusals, a bounded body, cancelling."""

from __future__ import annotations

import asyncio
import hmac
import logging
import sys
from collections.abc import Coroutine
from typing import Any

from tornado import web

from jupyter_safecoder.errors import BodyTooLarge
from jupyter_safecoder.http.bounded_body import BoundedBody
from jupyter_safecoder.protocol import TOKEN_HEADER, Error, encode_event

from .runtime import Runtime

log = logging.getLogger("jupyter_safecoder.runtime")

_HTTP_STATUS = {
    "bad_request": 400,
    "unauthorized": 401,
    "not_found": 404,
    "too_large": 413,
    "queue_full": 429,
    "not_ready": 503,
}


class RuntimeHandler(web.RequestHandler):
    """A door that opens with the token of the connection file."""

    def initialize(self, runtime: Runtime, token: str) -> None:
        """Take what the application gives."""
        self.runtime = runtime
        self._token = token

    def prepare(self) -> None:
        """Refuse who has not the token: in our own header, or as the bearer's."""
        given = self.request.headers.get(TOKEN_HEADER, "")
        scheme, _, bearer = self.request.headers.get("Authorization", "").partition(" ")
        if not given and scheme.casefold() == "bearer":
            given = bearer.strip()
        if not hmac.compare_digest(given.encode(), self._token.encode()):
            self.refuse(Error("unauthorized", "The token is missing or wrong."))

    def refuse(self, error: Error) -> None:
        """Answer with an error instead of a stream."""
        self.set_status(_HTTP_STATUS.get(error.code, 500))
        if error.retry_after_s is not None:
            self.set_header("Retry-After", str(max(1, round(error.retry_after_s))))
        self.set_header("Content-Type", "application/json")
        self.finish(self.error_body(error))

    def error_body(self, error: Error) -> Any:
        """Return an error in the form of this door's protocol."""
        return encode_event(error)

    def not_ready(self) -> Error:
        """Return why there is no model yet, or no longer."""
        status = self.runtime.status()
        return Error("not_ready", status.reason, status.remedy, retry_after_s=1.0)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Answer in the protocol's form; details stay in the log."""
        code = "not_found" if status_code == 404 else "internal"
        self.set_header("Content-Type", "application/json")
        self.finish(self.error_body(Error(code, f"The runtime answered {status_code}.")))


@web.stream_request_body
class StreamedBodyHandler(RuntimeHandler):
    """A door that takes a body; closing the connection cancels what it asked for."""

    _task: asyncio.Task[None] | None = None

    def prepare(self) -> None:
        """Get ready for the body, which comes in pieces."""
        self._body = BoundedBody(self.runtime.settings.max_request_bytes)
        super().prepare()
        if not self._finished:
            # Read to its end whatever its size: Tornado would close the connection on a client that
            # still writes, which then never sees why.
            connection: Any = self.request.connection
            connection.set_max_body_size(sys.maxsize)

    def data_received(self, chunk: bytes) -> None:
        """Take in a piece of the body."""
        self._body.add(chunk)

    async def post(self) -> None:
        """Answer, unless the client goes away."""
        try:
            body = self._body.whole()
        except BodyTooLarge as error:
            return self.refuse(Error("too_large", str(error)))
        self._task = asyncio.ensure_future(self.answer(body))
        try:
            await self._task
        except asyncio.CancelledError:
            log.debug("The client went away.")

    def answer(self, body: bytes) -> Coroutine[Any, Any, None]:
        """Answer a body."""
        raise NotImplementedError

    def on_connection_close(self) -> None:
        """Cancel the answer."""
        if self._task is not None:
            self._task.cancel()

    def stopped(self, error: Exception) -> Error:
        """Note that an answer failed; return what the client hears: never a traceback."""
        log.error("A completion failed: %s", type(error).__name__)
        return Error(
            "engine_failed",
            f"The engine stopped ({type(error).__name__}).",
            "It is started again by itself: type on.",
        )
