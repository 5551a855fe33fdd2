"""Handlers of the service, for the servers of JupyterHub's users."""

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
    """Base of all handlers: authentication, and errors in the protocol's form."""

    def initialize(
        self, service: CompletionService, authenticator: Authenticator, max_bytes: int
    ) -> None:
        """Store what the application passes to each handler."""
        self.service = service
        self.authenticator = authenticator
        self._max_bytes = max_bytes

    def check_xsrf_cookie(self) -> None:
        """Require no such cookie: pages of other sites cannot send a token header."""

    def set_default_headers(self) -> None:
        """Hide the server's name, and forbid caching."""
        self.clear_header("Server")
        self.set_header("Cache-Control", "no-store")

    async def authenticate(self) -> User:
        """Return the user whose token the request has."""
        return await self.authenticator.user_for(self.request.headers.get("Authorization", ""))


class NotFoundHandler(ServiceHandler):
    """Responds to unknown paths."""

    def prepare(self) -> None:
        """Respond with 404."""
        self.refuse(Error("not_found", "Unknown endpoint."))


class StatusHandler(ServiceHandler):
    """``GET status``: the state of the user's runtime; ``POST start`` starts it."""

    async def get(self) -> None:
        """Respond with a Status."""
        await self._respond(start=False)

    async def post(self) -> None:
        """Start the runtime, and respond with a Status."""
        await self._respond(start=True)

    async def _respond(self, *, start: bool) -> None:
        try:
            _, grant = self.service.gate.grant(await self.authenticate(), "complete")
        except RequestDenied as denied:
            if denied.status == 401:
                return self.refuse(denied)
            return self._send(Status("failed", denied.reason, denied.remedy))
        status = self.service.start if start else self.service.status
        return self._send(await status(grant))

    def _send(self, status: Status) -> None:
        self.set_header("Content-Type", "application/json")
        self.finish(status.to_json())


class ServiceBodyHandler(StreamedBodyHandler, ServiceHandler):
    """Receives the body of a request that its user may make."""

    feature = ""

    async def authorize(self) -> None:
        """Authenticate the user, and check that the request is allowed."""
        self.user = await self.authenticate()
        try:
            self.allow()
        except RequestDenied as denied:
            self.service.recorder.record_refusal(self.user.name, self.feature, denied)
            raise

    @property
    def max_body_bytes(self) -> int:
        """Maximum size of the body."""
        return self._max_bytes

    def allow(self) -> None:
        """Return if the user may do this; raise :class:`RequestDenied` otherwise."""
        raise NotImplementedError


class _RelayHandler(ServiceBodyHandler):
    """Relays the response of a runtime line by line."""

    def allow(self) -> None:
        """Find the group that counts for the user, and its grant."""
        self._group, self._grant = self.service.gate.grant(self.user, self.feature)

    async def post(self) -> None:
        """Respond, unless the client disconnects."""
        await self.respond(self._relay)

    def items(self, body: bytes) -> AsyncGenerator[Head | bytes]:
        """Return the items of the response."""
        raise NotImplementedError

    async def _relay(self, body: bytes) -> None:
        async with aclosing(self.items(body)) as items:
            async for item in items:
                if isinstance(item, Head):
                    self._write_head(item)
                else:
                    await self.send(item)
        self.finish()

    def _write_head(self, head: Head) -> None:
        if not self._headers_written:
            self.set_status(head.status)
            self.set_header("Content-Type", head.content_type)


class CompletionsHandler(_RelayHandler):
    """``POST completions``: a completion in a notebook, as NDJSON."""

    feature = "complete"

    def items(self, body: bytes) -> AsyncGenerator[Head | bytes]:
        """Return the items of the response."""
        self.set_header("Content-Type", "application/x-ndjson")
        request = parse_request(body)
        return self.service.complete(self.user, self._group, self._grant, request, body)


class OpenAICompletionsHandler(OpenAIErrors, _RelayHandler):
    """``POST v1/completions``: OpenAI's completions, as JSON or server-sent events."""

    feature = "text"

    def items(self, body: bytes) -> AsyncGenerator[Head | bytes]:
        """Return the items of the response."""
        request = parse_openai_request(body)
        return self.service.complete_openai(self.user, self._group, self._grant, request, body)


class ModelsHandler(OpenAIErrors, ServiceHandler):
    """``GET v1/models``: the model of the user's group, in OpenAI's form."""

    async def get(self, name: str = "") -> None:
        """Respond with one model, or a list of it."""
        try:
            _, grant = self.service.gate.grant(await self.authenticate(), "text")
        except RequestDenied as denied:
            self.refuse(denied)
            return
        status = await self.service.status(grant)
        if (model := status.model) is None:
            self.refuse(RuntimeNotReady(status.reason, status.remedy, retry_after_s=1.0))
        elif name and name != model.name:
            self.refuse(Error("not_found", "There is no such model."))
        else:
            about = model_body(model.name, model.context_window)
            self.finish(about if name else {"object": "list", "data": [about]})


class _HealthHandler(web.RequestHandler):
    """``GET health``: responds while the process runs, to requests without a token too."""

    def get(self) -> None:
        """Respond that it runs."""
        self.set_header("Content-Type", "application/json")
        self.finish(json.dumps({"ok": True}))


def make_app(
    prefix: str,
    service: CompletionService,
    authenticator: Authenticator,
    max_bytes: int,
    routes: Sequence[tuple[str, type[ServiceHandler], dict[str, Any]]],
    pages: Sequence[Any],
    **settings: Any,
) -> web.Application:
    """Return the application of the service.

    Parameters
    ----------
    prefix
        Path of the service; it ends with a slash.
    service, authenticator
        Passed to each handler.
    max_bytes
        Maximum size of a request for a completion.
    routes
        Further endpoints below the prefix: path, handler, and arguments beside the usual ones.
    pages
        Further rules with complete paths, for Tornado.
    **settings
        Settings of the application.
    """
    arguments = {"service": service, "authenticator": authenticator, "max_bytes": max_bytes}
    return web.Application(
        [
            (f"{prefix}completions/?", CompletionsHandler, arguments),
            (f"{prefix}v1/completions", OpenAICompletionsHandler, arguments),
            (f"{prefix}v1/models(?:/(.+))?", ModelsHandler, arguments),
            (f"{prefix}(?:status|start)/?", StatusHandler, arguments),
            (f"{prefix}health/?", _HealthHandler),
            *(
                (f"{prefix}{path}/?", handler, {**arguments, **own})
                for path, handler, own in routes
            ),
            *pages,
        ],
        default_handler_class=NotFoundHandler,
        default_handler_args=arguments,
        log_function=lambda handler: None,
        **settings,
    )
