"""The service's doors, for the servers of the Hub's users."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Any

from tornado import web
from tornado.iostream import StreamClosedError

from jupyter_safecoder.clients.local_backend import RUNTIME_LOST
from jupyter_safecoder.errors import (
    BodyTooLarge,
    ConnectionLost,
    InvalidRequest,
    RateLimited,
    RequestDenied,
    RuntimeTimeout,
    RuntimeUnavailable,
)
from jupyter_safecoder.http.bounded_body import BoundedBody
from jupyter_safecoder.hub.access.authenticator import Authenticator, User
from jupyter_safecoder.openai_protocol import OpenAIErrors, model_body, parse_openai_request
from jupyter_safecoder.protocol import Error, Status, encode_event, parse_request

from .relay import Head
from .service import CompletionService

_CODES = {
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    429: "queue_full",
    503: "not_ready",
}


class ServiceHandler(web.RequestHandler):
    """What all doors have: who asks, and how it is refused."""

    def initialize(
        self, service: CompletionService, identity: Authenticator, max_bytes: int
    ) -> None:
        """Take what the application gives."""
        self.service = service
        self.identity = identity
        self._max_bytes = max_bytes

    def check_xsrf_cookie(self) -> None:
        """Need no such cookie: a token in a header is not sent by a foreign page."""

    def set_default_headers(self) -> None:
        """Say nothing of what serves, and let nobody keep an answer."""
        self.clear_header("Server")
        self.set_header("Cache-Control", "no-store")

    async def person(self) -> User:
        """Return who asks."""
        return await self.identity.person(self.request.headers.get("Authorization", ""))

    def refuse(self, status: int, error: Error) -> None:
        """Answer with an error of the protocol, or end a begun stream with it."""
        if self._headers_written:
            self.finish(self.error_in_stream(error))
            return
        self.set_status(status)
        if error.retry_after_s is not None:
            self.set_header("Retry-After", str(max(1, round(error.retry_after_s))))
        self.set_header("Content-Type", "application/json")
        self.finish(self.error_body(error))

    def error_body(self, error: Error) -> Any:
        """Return an error in the form of this door's protocol."""
        return encode_event(error)

    def error_in_stream(self, error: Error) -> Any:
        """Return an error as the last piece of a stream."""
        return self.error_body(error)

    def refused(self, refused: RequestDenied) -> None:
        """Answer that somebody may not."""
        after = refused.retry_after_s if isinstance(refused, RateLimited) else None
        error = Error(_CODES[refused.status], refused.reason, refused.remedy, after)
        self.refuse(refused.status, error)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Answer in the protocol's form; details stay in the log."""
        code = "not_found" if status_code == 404 else "internal"
        self.set_header("Content-Type", "application/json")
        self.finish(self.error_body(Error(code, f"The service answered {status_code}.")))


class NotFoundHandler(ServiceHandler):
    """Any other path."""

    def prepare(self) -> None:
        """Refuse."""
        self.refuse(404, Error("not_found", "The service has no such door."))


class StatusHandler(ServiceHandler):
    """The state of the runtime that serves whoever asks; ``POST start`` starts it."""

    async def get(self) -> None:
        """Answer with a Status."""
        await self._answer(start=False)

    async def post(self) -> None:
        """Start the runtime, and answer with a Status."""
        await self._answer(start=True)

    async def _answer(self, *, start: bool) -> None:
        try:
            _, grant = self.service.grant(await self.person(), "complete")
        except RequestDenied as refused:
            if refused.status == 401:
                return self.refused(refused)
            return self._tell(Status("failed", refused.reason, refused.remedy))
        state = self.service.start if start else self.service.status
        return self._tell(await state(grant))

    def _tell(self, status: Status) -> None:
        self.set_header("Content-Type", "application/json")
        self.finish(status.to_json())


@web.stream_request_body
class StreamedBodyHandler(ServiceHandler):
    """A door that takes a body of those who may; who may not is told when it is read.

    Before that a client that still writes would not hear of it.
    """

    feature = ""

    async def prepare(self) -> None:
        """Ask who it is before any of the body is kept."""
        self._body: BoundedBody | None = None
        self._refusal: RequestDenied | None = None
        try:
            self.asks = await self.person()
            self._let_in()
            self._body = BoundedBody(self.most_bytes)
        except RequestDenied as refused:
            self._refusal = refused

    @property
    def most_bytes(self) -> int:
        """How long a body may be."""
        return self._max_bytes

    def allow(self) -> None:
        """Let in whoever asks, or raise :class:`RequestDenied`."""
        raise NotImplementedError

    def _let_in(self) -> None:
        try:
            self.allow()
        except RequestDenied as refused:
            self.service.refused(self.asks, self.feature, refused)
            raise

    def data_received(self, chunk: bytes) -> None:
        """Take in a piece of the body."""
        if self._body is not None:
            self._body.add(chunk)

    def whole_body(self) -> bytes:
        """Return the body.

        Raises
        ------
        Refused
            If whoever asks may not.
        TooLarge
            If it is too long.
        """
        if self._refusal is not None:
            raise self._refusal
        assert self._body is not None
        return self._body.whole()


class _AnswerHandler(StreamedBodyHandler):
    """An answer of a runtime, passed on line by line as it comes."""

    _task: asyncio.Task[None] | None = None
    _gone = False

    def allow(self) -> None:
        """Find the group that counts, and what it may."""
        self._group, self._grant = self.service.grant(self.asks, self.feature)

    async def post(self) -> None:
        """Answer, unless the client goes away."""
        self._task = asyncio.ensure_future(self._answer())
        try:
            await self._task
        except asyncio.CancelledError:
            # The service has counted and noted it. Who is still there, while it ends, is told.
            if not self._gone:
                self.refuse(502, RUNTIME_LOST)

    def on_connection_close(self) -> None:
        """Cancel the answer."""
        self._gone = True
        if self._task is not None:
            self._task.cancel()

    def items(self, body: bytes) -> AsyncGenerator[Head | bytes]:
        """Return the answer to a body."""
        raise NotImplementedError

    async def _answer(self) -> None:
        try:
            async with aclosing(self.items(self.whole_body())) as items:
                async for item in items:
                    if isinstance(item, Head):
                        self._begin(item)
                    else:
                        self.write(item)
                        await self.flush()
            self.finish()
        except BodyTooLarge as error:
            self.refuse(413, Error("too_large", str(error)))
        except InvalidRequest as error:
            self.refuse(400, Error("bad_request", str(error)))
        except RequestDenied as refused:
            self.refused(refused)
        except RuntimeUnavailable as none:
            self.refuse(503, Error.from_exception(none))
        except (ConnectionLost, RuntimeTimeout):
            self.refuse(502, RUNTIME_LOST)
        except StreamClosedError:
            pass  # as when the client goes away

    def _begin(self, head: Head) -> None:
        if not self._headers_written:
            self.set_status(head.status)
            self.set_header("Content-Type", head.content_type)


class CompletionsHandler(_AnswerHandler):
    """A completion in a notebook, as NDJSON."""

    feature = "complete"

    def items(self, body: bytes) -> AsyncGenerator[Head | bytes]:
        """Return the answer to a body."""
        self.set_header("Content-Type", "application/x-ndjson")
        return self.service.complete(self.asks, self._group, self._grant, parse_request(body))


class TextHandler(OpenAIErrors, _AnswerHandler):
    """A text to go on with, for other editors, as JSON or server-sent events."""

    feature = "text"

    def items(self, body: bytes) -> AsyncGenerator[Head | bytes]:
        """Return the answer to a body."""
        request = parse_openai_request(body)
        return self.service.text(self.asks, self._group, self._grant, request, body)


class ModelsHandler(OpenAIErrors, ServiceHandler):
    """The model that serves whoever asks, for other editors."""

    async def get(self, name: str = "") -> None:
        """Answer in OpenAI's form."""
        try:
            _, grant = self.service.grant(await self.person(), "text")
        except RequestDenied as refused:
            self.refused(refused)
            return
        status = await self.service.status(grant)
        if (model := status.model) is None:
            error = Error("not_ready", status.reason, status.remedy, retry_after_s=1.0)
            self.refuse(503, error)
        elif name and name != model.name:
            self.refuse(404, Error("not_found", "There is no such model."))
        else:
            about = model_body(model.name, model.context_window)
            self.finish(about if name else {"object": "list", "data": [about]})


def make_app(
    prefix: str,
    service: CompletionService,
    identity: Authenticator,
    max_bytes: int,
    more: Sequence[tuple[str, type[ServiceHandler], dict[str, Any]]],
    pages: Sequence[Any],
    **settings: Any,
) -> web.Application:
    """Return the application behind a prefix that ends with a slash.

    ``more`` are doors below it, ``pages`` have paths of their own.
    """
    given = {"service": service, "identity": identity, "max_bytes": max_bytes}
    return web.Application(
        [
            (f"{prefix}completions/?", CompletionsHandler, given),
            (f"{prefix}v1/completions", TextHandler, given),
            (f"{prefix}v1/models(?:/(.+))?", ModelsHandler, given),
            (f"{prefix}(?:status|start)/?", StatusHandler, given),
            (f"{prefix}health/?", _HealthHandler),
            *((f"{prefix}{path}/?", door, {**given, **own}) for path, door, own in more),
            *pages,
        ],
        default_handler_class=NotFoundHandler,
        default_handler_args=given,
        log_function=lambda handler: None,
        **settings,
    )


class _HealthHandler(web.RequestHandler):
    """For whoever watches the process: it lives."""

    def get(self) -> None:
        """Answer."""
        self.set_header("Content-Type", "application/json")
        self.finish(json.dumps({"ok": True}))
