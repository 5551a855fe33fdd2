"""The service's doors, for the servers of the Hub's users."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Any

from tornado import web

from jupyter_safecoder.errors import RequestDenied, RuntimeNotReady
from jupyter_safecoder.http.handlers import ProtocolHandler, StreamedBodyHandler
from jupyter_safecoder.hub.access.authenticator import Authenticator, User
from jupyter_safecoder.openai_protocol import OpenAIErrors, model_body, parse_openai_request
from jupyter_safecoder.protocol import Error, Status, parse_request

from .relay import Head
from .service import CompletionService


class ServiceHandler(ProtocolHandler):
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


class NotFoundHandler(ServiceHandler):
    """Any other path."""

    def prepare(self) -> None:
        """Refuse the request."""
        self.refuse(Error("not_found", "Unknown endpoint."))


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
                return self.refuse(refused)
            return self._tell(Status("failed", refused.reason, refused.remedy))
        state = self.service.start if start else self.service.status
        return self._tell(await state(grant))

    def _tell(self, status: Status) -> None:
        self.set_header("Content-Type", "application/json")
        self.finish(status.to_json())


class ServiceBodyHandler(StreamedBodyHandler, ServiceHandler):
    """Takes a body of those who may send one."""

    feature = ""

    async def authorize(self) -> None:
        """Check who asks, and that they may."""
        self.asks = await self.person()
        try:
            self.allow()
        except RequestDenied as refused:
            self.service.refused(self.asks, self.feature, refused)
            raise

    @property
    def max_body_bytes(self) -> int:
        """Maximum size of the body."""
        return self._max_bytes

    def allow(self) -> None:
        """Let in whoever asks, or raise :class:`RequestDenied`."""
        raise NotImplementedError


class _AnswerHandler(ServiceBodyHandler):
    """An answer of a runtime, passed on line by line as it comes."""

    def allow(self) -> None:
        """Find the group that counts, and what it may."""
        self._group, self._grant = self.service.grant(self.asks, self.feature)

    async def post(self) -> None:
        """Answer, unless the client goes away."""
        await self.respond(self._answer)

    def items(self, body: bytes) -> AsyncGenerator[Head | bytes]:
        """Return the answer to a body."""
        raise NotImplementedError

    async def _answer(self, body: bytes) -> None:
        async with aclosing(self.items(body)) as items:
            async for item in items:
                if isinstance(item, Head):
                    self._begin(item)
                else:
                    await self.send(item)
        self.finish()

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
        request = parse_request(body)
        return self.service.complete(self.asks, self._group, self._grant, request, body)


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
            self.refuse(refused)
            return
        status = await self.service.status(grant)
        if (model := status.model) is None:
            self.refuse(RuntimeNotReady(status.reason, status.remedy, retry_after_s=1.0))
        elif name and name != model.name:
            self.refuse(Error("not_found", "There is no such model."))
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
