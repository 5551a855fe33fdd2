"""The doors of the server extension, for whoever may use this Jupyter server."""

from __future__ import annotations

import asyncio
from typing import Any, cast

from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from jupyter_server.extension.handler import ExtensionHandlerMixin
from tornado import web
from tornado.iostream import StreamClosedError

from ..bounded_body import BoundedBody, TooLarge
from ..protocol import BadRequest, Error, Status, encode_event, parse_request
from .gateway import Gateway, NotRunning

AUTH_RESOURCE = "safecoder"


class _Handler(ExtensionHandlerMixin, APIHandler):
    auth_resource = AUTH_RESOURCE

    @property
    def gateway(self) -> Gateway:
        """The way to the runtime."""
        return cast(Gateway, self.settings["safecoder_gateway"])

    def answer(self, status: Status) -> None:
        """Answer with a status."""
        self.set_header("Content-Type", "application/json")
        self.finish(status.body())

    def refuse(self, http_status: int, error: Error) -> None:
        """Answer with an error of the protocol."""
        self.set_status(http_status)
        if error.retry_after_s is not None:
            self.set_header("Retry-After", str(max(1, round(error.retry_after_s))))
        self.set_header("Content-Type", "application/json")
        self.finish(encode_event(error))


class StatusHandler(_Handler):
    """``GET status``: the runtime's state; starts nothing."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Answer with a Status."""
        self.answer(await self.gateway.status())


class StartHandler(_Handler):
    """``POST start``: a notebook was opened, or somebody asks for another try."""

    @web.authenticated
    @authorized("execute")  # type: ignore[untyped-decorator]
    async def post(self) -> None:
        """Start the runtime, or restart it if it failed; answer with a Status."""
        self.answer(await self.gateway.start())


@web.stream_request_body
class CompletionsHandler(_Handler):
    """``POST completions``: a stream of events from the runtime, passed on as they come."""

    _task: asyncio.Task[None] | None = None

    async def prepare(self) -> None:  # type: ignore[override]
        """Get ready for the body, which comes in pieces."""
        self._body = BoundedBody(self.settings["safecoder_max_request_bytes"])
        await super().prepare()

    def data_received(self, chunk: bytes) -> None:
        """Take in a piece of the body."""
        self._body.add(chunk)

    @web.authenticated
    @authorized("execute")  # type: ignore[untyped-decorator]
    async def post(self) -> None:
        """Answer with NDJSON."""
        try:
            body = self._body.whole()
            parse_request(body)
        except TooLarge as error:
            return self.refuse(413, Error("too_large", str(error)))
        except BadRequest as error:
            return self.refuse(400, Error("bad_request", str(error)))
        self._task = asyncio.ensure_future(self._pass_on(body))
        try:
            await self._task
        except asyncio.CancelledError:
            self.log.debug("The client of a completion went away.")

    def on_connection_close(self) -> None:
        """Cancel: leaving the gateway closes its connection, and the runtime does the rest."""
        if self._task is not None:
            self._task.cancel()

    async def _pass_on(self, body: bytes) -> None:
        import httpx

        try:
            async with self.gateway.completions(body, self._person()) as answer:
                self.set_status(answer.status_code)
                self.set_header("Content-Type", answer.headers["Content-Type"])
                if "Retry-After" in answer.headers:
                    self.set_header("Retry-After", answer.headers["Retry-After"])
                async for chunk in answer.aiter_raw():
                    self.write(chunk)
                    await self.flush()
        except NotRunning as none:
            self.refuse(
                503,
                Error("not_ready", none.status.reason, none.status.remedy, retry_after_s=1.0),
            )
        except httpx.HTTPError:
            self._lost()
        except StreamClosedError:
            self.log.debug("The client of a completion went away.")

    def _lost(self) -> None:
        error = Error(
            "runtime_lost",
            "The runtime ended in the middle of an answer.",
            "It is started again by itself: type on.",
            retry_after_s=1.0,
        )
        if self._headers_written:
            self.write(encode_event(error))
        else:
            self.refuse(503, error)

    def _person(self) -> str:
        user: Any = self.current_user
        return str(getattr(user, "username", user))
