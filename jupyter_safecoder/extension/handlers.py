"""The doors of the server extension, for whoever may use this Jupyter server."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, cast
from urllib.parse import quote

from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from jupyter_server.extension.handler import ExtensionHandlerMixin
from tornado import web
from tornado.iostream import StreamClosedError

from jupyter_safecoder.clients.hub_backend import HubBackend
from jupyter_safecoder.clients.local_backend import RUNTIME_LOST, LocalBackend
from jupyter_safecoder.errors import (
    BodyTooLarge,
    ConnectionLost,
    InvalidRequest,
    RuntimeUnavailable,
)
from jupyter_safecoder.http.bounded_body import BoundedBody
from jupyter_safecoder.openai_protocol import OpenAIErrors, parse_openai_request
from jupyter_safecoder.protocol import Error, Status, encode_event, parse_request

AUTH_RESOURCE = "safecoder"


class _Handler(ExtensionHandlerMixin, APIHandler):
    auth_resource = AUTH_RESOURCE

    @property
    def gateway(self) -> LocalBackend | HubBackend:
        """The way to the runtime."""
        return cast(LocalBackend | HubBackend, self.settings["safecoder_backend"])

    def answer(self, status: Status) -> None:
        """StreamedResponse with a status."""
        self.set_header("Content-Type", "application/json")
        self.finish(status.to_json())

    def refuse(self, http_status: int, error: Error) -> None:
        """StreamedResponse with an error of the protocol."""
        self.set_status(http_status)
        if error.retry_after_s is not None:
            self.set_header("Retry-After", str(max(1, round(error.retry_after_s))))
        self.set_header("Content-Type", "application/json")
        self.finish(self.error_body(error))

    def error_body(self, error: Error) -> Any:
        """Return an error in the form of this door's protocol."""
        return encode_event(error)

    async def pass_on(self, method: str, path: str, body: bytes | None = None) -> None:
        """Ask at the runtime's door, and give its answer on as it comes."""
        try:
            async with self.gateway.ask(method, path, self._person(), body) as answer:
                self.set_status(answer.status)
                self.set_header("Content-Type", answer.headers["Content-Type"])
                if "Retry-After" in answer.headers:
                    self.set_header("Retry-After", answer.headers["Retry-After"])
                async for chunk in answer.chunks:
                    self.write(chunk)
                    await self.flush()
        except RuntimeUnavailable as none:
            self.refuse(503, Error.from_exception(none))
        except ConnectionLost:
            self._lost()
        except StreamClosedError:
            self.log.debug("The client of a completion went away.")

    def _lost(self) -> None:
        if self._headers_written:
            self.write(self.error_in_stream(RUNTIME_LOST))
        else:
            self.refuse(503, RUNTIME_LOST)

    def error_in_stream(self, error: Error) -> Any:
        """Return an error as the last piece of a stream."""
        return self.error_body(error)

    def _person(self) -> str:
        user: Any = self.current_user
        return str(getattr(user, "username", user))


class StatusHandler(_Handler):
    """``GET status``: the runtime's state; starts nothing."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """StreamedResponse with a Status."""
        self.answer(await self.gateway.status())


class StartHandler(_Handler):
    """``POST start``: a notebook was opened, or somebody asks for another try."""

    @web.authenticated
    @authorized("execute")  # type: ignore[untyped-decorator]
    async def post(self) -> None:
        """Start the runtime, or restart it if it failed; answer with a Status."""
        self.answer(await self.gateway.start())


@web.stream_request_body
class _BodyHandler(_Handler):
    """A door that takes a body; closing the connection cancels what it asked for."""

    _task: asyncio.Task[None] | None = None

    async def prepare(self) -> None:  # type: ignore[override]
        """Get ready for the body, which comes in pieces."""
        self._body = BoundedBody(self.settings["safecoder_max_request_bytes"])
        await super().prepare()

    def data_received(self, chunk: bytes) -> None:
        """Take in a piece of the body."""
        self._body.add(chunk)

    async def post_on(self, path: str, check: Callable[[bytes], object]) -> None:
        """Check the body, and pass it on unless the client goes away."""
        try:
            body = self._body.whole()
            check(body)
        except BodyTooLarge as error:
            return self.refuse(413, Error("too_large", str(error)))
        except InvalidRequest as error:
            return self.refuse(400, Error("bad_request", str(error)))
        self._task = asyncio.ensure_future(self.pass_on("POST", path, body))
        try:
            await self._task
        except asyncio.CancelledError:
            self.log.debug("The client of a completion went away.")

    def on_connection_close(self) -> None:
        """Cancel: leaving the gateway closes its connection, and the runtime does the rest."""
        if self._task is not None:
            self._task.cancel()


class CompletionsHandler(_BodyHandler):
    """``POST completions``: a stream of events from the runtime, passed on as they come."""

    @web.authenticated
    @authorized("execute")  # type: ignore[untyped-decorator]
    async def post(self) -> None:
        """StreamedResponse with NDJSON."""
        await self.post_on("/completions", parse_request)


class ModelsHandler(OpenAIErrors, _Handler):
    """``GET v1/models``: the model, for other editors."""

    @web.authenticated
    @authorized
    async def get(self, name: str = "") -> None:
        """StreamedResponse in OpenAI's form."""
        await self.pass_on("GET", f"/v1/models/{quote(name)}" if name else "/v1/models")


class TextHandler(OpenAIErrors, _BodyHandler):
    """``POST v1/completions``: a text to go on with, for other editors."""

    @web.authenticated
    @authorized("execute")  # type: ignore[untyped-decorator]
    async def post(self) -> None:
        """StreamedResponse in OpenAI's form."""
        await self.post_on("/v1/completions", parse_openai_request)
