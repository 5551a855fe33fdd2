"""The runtime's HTTP doors: ``GET /status`` and ``POST /completions``."""

from __future__ import annotations

import asyncio
import hmac
import logging
import sys
from typing import Any

from tornado import web
from tornado.iostream import StreamClosedError

from ..bounded_body import BoundedBody, TooLarge
from ..protocol import (
    PERSON_HEADER,
    TOKEN_HEADER,
    BadRequest,
    Error,
    Event,
    encode_event,
    parse_request,
)
from .service import Runtime

log = logging.getLogger("jupyter_safecoder.runtime")

_HTTP_STATUS = {
    "bad_request": 400,
    "unauthorized": 401,
    "not_found": 404,
    "too_large": 413,
    "queue_full": 429,
    "not_ready": 503,
}


class _Handler(web.RequestHandler):
    def initialize(self, runtime: Runtime, token: str) -> None:
        self.runtime = runtime
        self._token = token

    def prepare(self) -> None:
        given = self.request.headers.get(TOKEN_HEADER, "")
        if not hmac.compare_digest(given.encode(), self._token.encode()):
            self.refuse(Error("unauthorized", "The token is missing or wrong."))

    def refuse(self, error: Error) -> None:
        """Answer with an error instead of a stream."""
        self.set_status(_HTTP_STATUS.get(error.code, 500))
        if error.retry_after_s is not None:
            self.set_header("Retry-After", str(max(1, round(error.retry_after_s))))
        self.set_header("Content-Type", "application/json")
        self.finish(encode_event(error))

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Answer in the protocol's form; details stay in the log."""
        code = "not_found" if status_code == 404 else "internal"
        self.set_header("Content-Type", "application/json")
        self.finish(encode_event(Error(code, f"The runtime answered {status_code}.")))


class NotFoundHandler(_Handler):
    """Any other path."""

    def prepare(self) -> None:
        """Refuse."""
        self.refuse(Error("not_found", "The runtime has no such door."))


class StatusHandler(_Handler):
    """The state of the runtime."""

    def get(self) -> None:
        """Answer with a Status."""
        self.set_header("Content-Type", "application/json")
        self.finish(self.runtime.status().body())


@web.stream_request_body
class CompletionsHandler(_Handler):
    """A completion as a stream of events; closing the connection cancels it in the engine."""

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
        """Answer with NDJSON."""
        try:
            request = parse_request(self._body.whole())
        except TooLarge as error:
            return self.refuse(Error("too_large", str(error)))
        except BadRequest as error:
            return self.refuse(Error("bad_request", str(error)))
        completions, status = self.runtime.completions, self.runtime.status()
        if completions is None:
            return self.refuse(Error("not_ready", status.reason, status.remedy, retry_after_s=1.0))
        model = status.model
        layout = request.options.layout
        if layout is not None and model is not None and layout not in model.layouts:
            return self.refuse(
                Error("bad_request", f"{model.name} was not trained on the layout {layout!r}.")
            )
        self.set_header("Content-Type", "application/x-ndjson")
        person = self.request.headers.get(PERSON_HEADER, "")
        self._task = asyncio.ensure_future(self._stream(completions.events(request, person)))
        try:
            await self._task
        except asyncio.CancelledError:
            log.debug("The client went away.")

    def on_connection_close(self) -> None:
        """Cancel the completion."""
        if self._task is not None:
            self._task.cancel()

    async def _stream(self, events: Any) -> None:
        try:
            async for event in events:
                if not await self._send(event):
                    return
        except asyncio.CancelledError:
            raise
        except Exception as error:  # noqa: BLE001 - the client gets a sentence, never a traceback
            log.error("A completion failed: %s", type(error).__name__)
            self.runtime.counters.failed += 1
            await self._send(
                Error(
                    "engine_failed",
                    f"The engine stopped ({type(error).__name__}).",
                    "It is started again by itself: type on.",
                )
            )
        finally:
            await events.aclose()

    async def _send(self, event: Event) -> bool:
        if isinstance(event, Error) and not self._headers_written:
            self.refuse(event)
            return False
        try:
            self.write(encode_event(event))
            await self.flush()
        except StreamClosedError:
            return False
        return True


def make_app(runtime: Runtime, token: str) -> web.Application:
    """Return the runtime's web application."""
    arguments = {"runtime": runtime, "token": token}
    return web.Application(
        [
            (r"/status", StatusHandler, arguments),
            (r"/completions", CompletionsHandler, arguments),
        ],
        default_handler_class=NotFoundHandler,
        default_handler_args=arguments,
        log_function=lambda handler: None,  # no access log: the doors are for programs
    )
