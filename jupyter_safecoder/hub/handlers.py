"""The service's doors, for the servers of the Hub's users."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from tornado import web
from tornado.iostream import StreamClosedError

from ..bounded_body import BoundedBody, TooLarge
from ..extension.gateway import NotRunning
from ..protocol import BadRequest, Error, Status, encode_event, parse_request
from .identity import Identity, Person, Refused
from .service import Limited, Service

_CODES = {
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    429: "queue_full",
    503: "not_ready",
}


class Door(web.RequestHandler):
    """What all doors have: who asks, and how it is refused."""

    def initialize(self, service: Service, identity: Identity, max_bytes: int) -> None:
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

    async def person(self) -> Person:
        """Return who asks."""
        return await self.identity.person(self.request.headers.get("Authorization", ""))

    def refuse(self, status: int, error: Error) -> None:
        """Answer with an error of the protocol, or end a begun stream with it."""
        if not self._headers_written:
            self.set_status(status)
            if error.retry_after_s is not None:
                self.set_header("Retry-After", str(max(1, round(error.retry_after_s))))
            self.set_header("Content-Type", "application/json")
        self.finish(encode_event(error))

    def refused(self, refused: Refused) -> None:
        """Answer that somebody may not."""
        after = refused.retry_after_s if isinstance(refused, Limited) else None
        error = Error(_CODES[refused.status], refused.reason, refused.remedy, after)
        self.refuse(refused.status, error)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Answer in the protocol's form; details stay in the log."""
        code = "not_found" if status_code == 404 else "internal"
        self.set_header("Content-Type", "application/json")
        self.finish(encode_event(Error(code, f"The service answered {status_code}.")))


class NotFoundHandler(Door):
    """Any other path."""

    def prepare(self) -> None:
        """Refuse."""
        self.refuse(404, Error("not_found", "The service has no such door."))


class StatusHandler(Door):
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
        except Refused as refused:
            if refused.status == 401:
                return self.refused(refused)
            return self._tell(Status("failed", refused.reason, refused.remedy))
        state = self.service.start if start else self.service.status
        return self._tell(await state(grant))

    def _tell(self, status: Status) -> None:
        self.set_header("Content-Type", "application/json")
        self.finish(status.body())


@web.stream_request_body
class CompletionsHandler(Door):
    """A completion: a stream of events from the runtime, passed on as they come."""

    _task: asyncio.Task[None] | None = None

    async def prepare(self) -> None:
        """Ask who it is before any of the body is read."""
        self._body = BoundedBody(self._max_bytes)
        self._group, self._grant, self._person = "", None, None
        try:
            self._person = await self.person()
            self._group, self._grant = self.service.grant(self._person, "complete")
        except Refused as refused:
            self.refused(refused)

    def data_received(self, chunk: bytes) -> None:
        """Take in a piece of the body."""
        self._body.add(chunk)

    async def post(self) -> None:
        """Answer with NDJSON."""
        self._task = asyncio.ensure_future(self._answer())
        # Where the client went away, leaving the service's context has counted and noted it.
        with suppress(asyncio.CancelledError):
            await self._task

    def on_connection_close(self) -> None:
        """Cancel the answer."""
        if self._task is not None:
            self._task.cancel()

    async def _answer(self) -> None:
        import httpx

        assert self._person is not None
        assert self._grant is not None
        try:
            request = parse_request(self._body.whole())
            asked = self.service.complete(self._person, self._group, self._grant, request)
            async with asked as (answer, record):
                self.set_status(answer.status_code)
                self.set_header("Content-Type", answer.headers["Content-Type"])
                if "Retry-After" in answer.headers:
                    self.set_header("Retry-After", answer.headers["Retry-After"])
                rest = b""
                async for chunk in answer.aiter_raw():
                    self.write(chunk)
                    *lines, rest = (rest + chunk).split(b"\n")
                    for line in lines:
                        record.read(line)
                    await self.flush()
                record.read(rest)
            self.finish()
        except TooLarge as error:
            self.refuse(413, Error("too_large", str(error)))
        except BadRequest as error:
            self.refuse(400, Error("bad_request", str(error)))
        except Refused as refused:
            self.refused(refused)
        except NotRunning as none:
            status = none.status
            self.refuse(503, Error("not_ready", status.reason, status.remedy, retry_after_s=1.0))
        except httpx.HTTPError:
            self.refuse(502, Error("runtime_lost", "The runtime ended in the middle of an answer."))
        except StreamClosedError:
            pass  # as when the client goes away


def make_app(
    prefix: str,
    service: Service,
    identity: Identity,
    max_bytes: int,
    more: Sequence[tuple[str, type[Door], dict[str, Any]]] = (),
) -> web.Application:
    """Return the application behind a prefix that ends with a slash; with more doors behind it."""
    given = {"service": service, "identity": identity, "max_bytes": max_bytes}
    return web.Application(
        [
            (f"{prefix}completions/?", CompletionsHandler, given),
            (f"{prefix}(?:status|start)/?", StatusHandler, given),
            (f"{prefix}health/?", _HealthHandler),
            *((f"{prefix}{path}/?", door, {**given, **own}) for path, door, own in more),
        ],
        default_handler_class=NotFoundHandler,
        default_handler_args=given,
        log_function=lambda handler: None,
    )


class _HealthHandler(web.RequestHandler):
    """For whoever watches the process: it lives."""

    def get(self) -> None:
        """Answer."""
        self.set_header("Content-Type", "application/json")
        self.finish(json.dumps({"ok": True}))
