"""The HTTP endpoints of the server extension, which relay requests to a runtime or a Hub."""

from __future__ import annotations

from typing import Any, cast
from urllib.parse import quote

from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from jupyter_server.extension.handler import ExtensionHandlerMixin
from tornado import web
from tornado.iostream import StreamClosedError

from jupyter_safecoder.clients.hub_backend import HubBackend
from jupyter_safecoder.clients.local_backend import LocalBackend
from jupyter_safecoder.errors import ConnectionLost, RequestDenied, RuntimeUnavailable
from jupyter_safecoder.http.handlers import ProtocolHandler, StreamedBodyHandler
from jupyter_safecoder.openai_protocol import OpenAIErrors
from jupyter_safecoder.protocol import Status

AUTH_RESOURCE = "safecoder"


class Handler(ProtocolHandler, ExtensionHandlerMixin, APIHandler):
    """Base of all handlers: the backend, and errors in the protocol's form."""

    auth_resource = AUTH_RESOURCE

    @property
    def backend(self) -> LocalBackend | HubBackend:
        """The client of the runtime, or of the Hub's service."""
        return cast(LocalBackend | HubBackend, self.settings["safecoder_backend"])

    def send_status(self, status: Status) -> None:
        """Respond with a status."""
        self.set_header("Content-Type", "application/json")
        self.finish(status.to_json())

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Respond in Jupyter's form to what Jupyter Server refuses."""
        APIHandler.write_error(self, status_code, **kwargs)

    async def proxy(self, method: str, path: str, body: bytes | None = None) -> None:
        """Relay the request, and stream the response.

        Parameters
        ----------
        method, path
            The runtime's endpoint.
        body
            The body of the request.

        Raises
        ------
        RuntimeUnavailable, ConnectionLost
            If there is no runtime, or its response is incomplete.
        """
        async with self.backend.request(method, path, self.user_name(), body) as response:
            self.set_status(response.status)
            self.set_header("Content-Type", response.headers["Content-Type"])
            if "Retry-After" in response.headers:
                self.set_header("Retry-After", response.headers["Retry-After"])
            async for chunk in response.chunks:
                await self.send(chunk)

    async def proxy_get(self, path: str) -> None:
        """Relay a GET request; without a runtime respond with the reason."""
        try:
            await self.proxy("GET", path)
        except (RuntimeUnavailable, ConnectionLost) as error:
            self.refuse(error)
        except StreamClosedError:
            self.log.debug("The client disconnected.")

    def user_name(self) -> str:
        """Return the name of the user who makes the request."""
        user: Any = self.current_user
        return str(getattr(user, "username", user))


class StatusHandler(Handler):
    """``GET status``: the runtime's status; starts nothing."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Respond with a Status."""
        self.send_status(await self.backend.status())


class StartHandler(Handler):
    """``POST start``: a notebook was opened, or a user wants a failed runtime to start again."""

    @web.authenticated
    @authorized("execute")  # type: ignore[untyped-decorator]
    async def post(self) -> None:
        """Start the runtime, or restart it if it failed; respond with a Status."""
        self.send_status(await self.backend.start())


class RestartHandler(Handler):
    """``POST restart``: the user wants another process, also of a runtime that is ready."""

    @web.authenticated
    @authorized("execute")  # type: ignore[untyped-decorator]
    async def post(self) -> None:
        """Restart the runtime; respond with a Status."""
        if isinstance(self.backend, HubBackend):
            self.refuse(
                RequestDenied(
                    403,
                    "On a JupyterHub the runtime is that of your group.",
                    "Ask an administrator to restart it.",
                )
            )
            return
        self.send_status(await self.backend.restart())


class ModelsHandler(Handler):
    """``GET models``: the models that can be served, for the menu of the status item."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Respond with Models."""
        await self.proxy_get("/models")


class BodyHandler(StreamedBodyHandler, Handler):  # type: ignore[misc]  # prepare
    """Relays a body unread: the runtime checks it."""

    @property
    def max_body_bytes(self) -> int:
        """Maximum size of the body."""
        return int(self.settings["safecoder_max_request_bytes"])

    async def authorize(self) -> None:
        """Drop the body of a request without a user, which ``@web.authenticated`` refuses.

        Raises
        ------
        RequestDenied
            If there is no user.
        """
        if self.current_user is None:
            raise RequestDenied(403, "You are not logged in.", "Log in to this server.")

    async def proxy_post(self, path: str) -> None:
        """Relay the body; disconnecting closes the backend's connection, which cancels there."""
        await self.respond(lambda body: self.proxy("POST", path, body))


class CompletionsHandler(BodyHandler):
    """``POST completions``: the runtime's stream of events."""

    @web.authenticated
    @authorized("execute")  # type: ignore[untyped-decorator]
    async def post(self) -> None:
        """Respond with NDJSON."""
        await self.proxy_post("/completions")


class ModelHandler(BodyHandler):
    """``POST model``: serves another model."""

    @web.authenticated
    @authorized("execute")  # type: ignore[untyped-decorator]
    async def post(self) -> None:
        """Respond with a Status once the model is in use."""
        await self.proxy_post("/model")


class OpenAIModelsHandler(OpenAIErrors, Handler):
    """``GET v1/models``: the model, for other editors."""

    @web.authenticated
    @authorized
    async def get(self, name: str = "") -> None:
        """Respond in OpenAI's form."""
        await self.proxy_get(f"/v1/models/{quote(name, safe='')}" if name else "/v1/models")


class OpenAICompletionsHandler(OpenAIErrors, BodyHandler):  # type: ignore[misc]  # prepare
    """``POST v1/completions``: continues or fills in a text, for other editors."""

    @web.authenticated
    @authorized("execute")  # type: ignore[untyped-decorator]
    async def post(self) -> None:
        """Respond in OpenAI's form."""
        await self.proxy_post("/v1/completions")
