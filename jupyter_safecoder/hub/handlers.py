"""Handlers of the service, for the servers of JupyterHub's users."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from typing import Any, TypeVar

from tornado import web

from jupyter_safecoder.editor_protocols import PROTOCOLS, props_body
from jupyter_safecoder.editor_protocols.handlers import EditorProtocolHandler
from jupyter_safecoder.errors import (
    InvalidRequest,
    RateLimited,
    RequestDenied,
    RuntimeNotReady,
    SafeCoderError,
)
from jupyter_safecoder.http.handlers import ProtocolHandler, StreamedBodyHandler, parse_body
from jupyter_safecoder.hub.access.authenticator import Authenticator, User
from jupyter_safecoder.hub.access.body_slots import BodySlot
from jupyter_safecoder.hub.access.policy import Grant
from jupyter_safecoder.openai_protocol import OpenAIErrors, model_body
from jupyter_safecoder.protocol import Error, Status, parse_request

from .connections import Connections
from .relay import Head
from .service import CompletionService

#: Seconds until who floods the service gets the refusal of a request.
_FLOOD_PAUSE_S = 1.0
T = TypeVar("T")


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
        """Return the user whose token the request has.

        Raises
        ------
        RequestDenied
            If there is none, or the user has sent too many requests within a minute.
        """
        try:
            user = await self.authenticator.user_for(self.request.headers.get("Authorization", ""))
        except RequestDenied:
            if self.service.gate.flood_guard.count_unknown():
                await asyncio.sleep(_FLOOD_PAUSE_S)
            raise
        connection: Any = self.request.connection
        self.settings["connections"].identified(connection.stream, user.name)
        try:
            self.service.gate.flood_guard.count_request(user.name)
        except RateLimited:
            # So that the next one does not come at once on this connection.
            await asyncio.sleep(_FLOOD_PAUSE_S)
            raise
        return user


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
    #: Whether the body is meant to be large.
    bulk = False
    group = ""
    grant: Grant | None = None
    _slot: BodySlot | None = None

    async def authorize(self) -> None:
        """Authenticate the user, and check that the request is allowed now.

        All that needs no body is checked before it is received.
        """
        self.user = await self.authenticate()
        try:
            self.allow()
            await self.admit()
            size = min(self.declared_bytes(), self.max_body_bytes)
            slots = self.service.gate.body_slots
            self._slot = slots.take(self.user.name, size, bulk=self.bulk)
        except RequestDenied as denied:
            try:
                self.record_refusal(denied)
            except RateLimited:
                await asyncio.sleep(_FLOOD_PAUSE_S)
                raise
            raise
        if self._disconnected:
            self._release()

    @property
    def max_body_bytes(self) -> int:
        """Maximum size of the body."""
        return self._max_bytes

    def allow(self) -> None:
        """Find the group of the user that allows this, and its grant.

        Raises
        ------
        RequestDenied
            If there is none.
        """
        self.group, self.grant = self.service.gate.grant(self.user, self.feature)

    async def admit(self) -> None:
        """Return if the user may do this now; raise :class:`RequestDenied` otherwise."""

    def record_refusal(self, error: SafeCoderError, weight: int = 1) -> None:
        """Record and count that the request was refused.

        Parameters
        ----------
        error
            Why.
        weight
            As how many refusals it counts.

        Raises
        ------
        RateLimited
            If too many of the user were refused.
        """
        self.service.recorder.record_refusal(
            self.user.name, self.feature, error, self.group, self.grant
        )
        self.service.gate.flood_guard.count_refusal(self.user.name, error, weight)

    def body(self) -> bytes:
        """Return the whole body, after which its user may send another."""
        if self._slot is not None:
            self._slot.received()
        try:
            return super().body()
        except InvalidRequest as error:
            self.record_refusal(error)
            raise

    def on_finish(self) -> None:
        """Give the memory of the body back."""
        self._release()

    def on_connection_close(self) -> None:
        """Cancel the response, and give the memory of the body back."""
        super().on_connection_close()
        self._release()

    def _release(self) -> None:
        if self._slot is not None:
            self._slot.release()


class _RelayHandler(ServiceBodyHandler):
    """Relays the response of a runtime line by line."""

    grant: Grant

    async def admit(self) -> None:
        """Count the request."""
        await self.service.admit(self.user, self.grant)

    async def post(self) -> None:
        """Respond, unless the client disconnects."""
        await self.respond(self._relay)

    async def items(self, body: bytes) -> AsyncGenerator[Head | bytes]:
        """Return the items of the response."""
        raise NotImplementedError

    async def parsed(self, body: bytes, parse: Callable[[bytes], T]) -> T:
        """Return the request of a body; an invalid one is recorded and counted."""
        try:
            return await parse_body(body, parse)
        except InvalidRequest as error:
            self.record_refusal(error)
            raise

    async def _relay(self, body: bytes) -> None:
        async with aclosing(await self.items(body)) as items:
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

    async def items(self, body: bytes) -> AsyncGenerator[Head | bytes]:
        """Return the items of the response."""
        self.set_header("Content-Type", "application/x-ndjson")
        request = await self.parsed(body, parse_request)
        return self.service.complete(self.user, self.group, self.grant, request, body)


class EditorCompletionsHandler(EditorProtocolHandler, _RelayHandler):  # type: ignore[misc]  # initialize
    """A completion for another editor in one of their protocols, as JSON or server-sent events."""

    feature = "text"

    async def items(self, body: bytes) -> AsyncGenerator[Head | bytes]:
        """Return the items of the response."""
        request = await self.parsed(body, self.protocol.parse)
        return self.service.complete_openai(
            self.user, self.group, self.grant, request, body, self.protocol
        )


class PropsHandler(OpenAIErrors, ServiceHandler):
    """``GET props``: what editors ask llama.cpp's server for, of the model of the user's group."""

    async def get(self) -> None:
        """Respond with the context window and the name of the model."""
        try:
            _, grant = self.service.gate.grant(await self.authenticate(), "text")
        except RequestDenied as denied:
            self.refuse(denied)
            return
        status = await self.service.status(grant)
        if (model := status.model) is None:
            self.refuse(RuntimeNotReady(status.reason, status.remedy, retry_after_s=1.0))
        else:
            self.finish(props_body(model.name, model.context_window, grant.max_running))


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
        # "status" is what editors look for that know llama.cpp's server.
        self.finish(json.dumps({"ok": True, "status": "ok"}))


def make_app(
    prefix: str,
    service: CompletionService,
    authenticator: Authenticator,
    max_bytes: int,
    routes: Sequence[tuple[str, type[ServiceHandler], dict[str, Any]]],
    pages: Sequence[Any],
    connections: Connections,
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
    connections
        The open connections.
    **settings
        Settings of the application.
    """
    arguments = {"service": service, "authenticator": authenticator, "max_bytes": max_bytes}
    return web.Application(
        [
            (f"{prefix}completions/?", CompletionsHandler, arguments),
            *(
                (
                    f"{prefix}{protocol.path.lstrip('/')}",
                    EditorCompletionsHandler,
                    {**arguments, "protocol": protocol},
                )
                for protocol in PROTOCOLS
            ),
            (f"{prefix}(?:v1/)?props/?", PropsHandler, arguments),
            (f"{prefix}v1/models(?:/(.+))?", ModelsHandler, arguments),
            (f"{prefix}(?:status|start)/?", StatusHandler, arguments),
            (f"{prefix}(?:v1/)?health/?", _HealthHandler),
            *(
                (f"{prefix}{path}/?", handler, {**arguments, **own})
                for path, handler, own in routes
            ),
            *pages,
        ],
        default_handler_class=NotFoundHandler,
        default_handler_args=arguments,
        log_function=lambda handler: None,
        connections=connections,
        **settings,
    )
