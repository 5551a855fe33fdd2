"""The HTTP endpoints of the server extension, which relay requests to a runtime or a Hub."""

from __future__ import annotations

from typing import Any, cast
from urllib.parse import quote

from jupyter_core.utils import ensure_async
from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from jupyter_server.extension.handler import ExtensionHandlerMixin
from tornado import web
from tornado.iostream import StreamClosedError

from jupyter_safecoder.clients.hub_backend import HubBackend
from jupyter_safecoder.clients.local_backend import LocalBackend
from jupyter_safecoder.context.kernel.names import read_answer
from jupyter_safecoder.errors import (
    ConnectionLost,
    InvalidRequest,
    RequestDenied,
    RuntimeUnavailable,
)
from jupyter_safecoder.http.handlers import ProtocolHandler, StreamedBodyHandler, parse_body
from jupyter_safecoder.ignore_files import ExclusionReason, IgnoredDocuments
from jupyter_safecoder.kept_texts import forget_texts
from jupyter_safecoder.openai_protocol import OpenAIErrors
from jupyter_safecoder.protocol import Done, Exclusion, Status, encode_event
from jupyter_safecoder.validation import parse_json

from .context_request import parse_context_request
from .kernel_names import KernelNames
from .kernel_request import parse_names_request
from .project_reader import ProjectReader

AUTH_RESOURCE = "safecoder"
#: A notebook sends the cells that import something, and the nearest.
_MAX_CONTEXT_BYTES = 512_000
#: A kernel is asked for a hundred names.
_MAX_NAMES_BYTES = 2**17


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

    def exclusion(self, path: str) -> ExclusionReason | None:
        """Return why nothing is completed in a document; ``None`` if it is not excluded."""
        ignored = cast(IgnoredDocuments, self.settings["safecoder_ignored"])
        return ignored.exclusion(path)

    def user_name(self) -> str:
        """Return the name of the user who makes the request."""
        user: Any = self.current_user
        return str(getattr(user, "username", user))


class StatusHandler(Handler):
    """``GET status``: the runtime's status; starts nothing."""

    #: An open page asks for it all the time: a server that is only looked at is idle.
    _track_activity = False

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


class ForgetHandler(Handler):
    """``POST forget``: a document was closed; what is kept of texts to save time is dropped.

    The service of a JupyterHub keeps texts of all users, within bounds.
    """

    @web.authenticated
    @authorized("execute")  # type: ignore[untyped-decorator]
    async def post(self) -> None:
        """Respond with a Status; starts nothing."""
        forget_texts()
        backend = self.backend
        if isinstance(backend, LocalBackend):
            self.send_status(await backend.forget())
        else:
            self.send_status(await backend.status())


class ModelsHandler(Handler):
    """``GET models``: the models that can be served, for the menu of the status item."""

    _track_activity = False

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
        await self.respond(self._complete)

    async def _complete(self, body: bytes) -> None:
        if self.exclusion(await parse_body(body, _path_of)) is None:
            await self.proxy("POST", "/completions", body)
            return
        self.set_header("Content-Type", "application/x-ndjson")
        await self.send(encode_event(Done("", "excluded", "", "", 0, 0, None, 0.0)))


class ExclusionHandler(Handler):
    """``GET exclusion?path=``: whether a ``.safecoderignore`` excludes a document."""

    _track_activity = False

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Respond with an Exclusion."""
        found = self.exclusion(self.get_query_argument("path", "", strip=False))
        answer = Exclusion(True, found.reason, found.remedy) if found else Exclusion()
        self.set_header("Content-Type", "application/json")
        self.finish(answer.to_json())


class ModelHandler(BodyHandler):
    """``POST model``: serves another model."""

    @web.authenticated
    @authorized("execute")  # type: ignore[untyped-decorator]
    async def post(self) -> None:
        """Respond with a Status once the model is in use."""
        await self.proxy_post("/model")


class ResourceHandler(BodyHandler):
    """Serves users who may use another resource of the Jupyter server, too."""

    #: Action and resource, as Jupyter Server's authorizers know them.
    permission: tuple[str, str]
    #: What a user without the permission is not allowed to do.
    forbidden: str

    async def authorize(self) -> None:
        """Refuse users without the permission, too.

        Raises
        ------
        RequestDenied
            If there is no user, or the user is not allowed to.
        """
        await super().authorize()
        is_allowed = await ensure_async(
            self.authorizer.is_authorized(self, self.current_user, *self.permission)
        )
        if not is_allowed:
            raise RequestDenied(
                403, f"You are not allowed to {self.forbidden}.", "Ask its administrator."
            )


class ContextHandler(ResourceHandler):
    """``POST context``: what the project of a notebook adds to its prompts."""

    permission = "read", "contents"
    forbidden = "read files of this server"

    @property
    def max_body_bytes(self) -> int:
        """Maximum size of the body."""
        return _MAX_CONTEXT_BYTES

    @web.authenticated
    @authorized("execute")  # type: ignore[untyped-decorator]
    async def post(self) -> None:
        """Respond with modules and parts of files."""
        await self.respond(self._describe)

    async def _describe(self, body: bytes) -> None:
        request = await parse_body(body, parse_context_request)
        reader = cast(ProjectReader, self.settings["safecoder_project"])
        context = await reader.describe(request)
        self.set_header("Content-Type", "application/json")
        self.finish(context.to_json())


class KernelNamesHandler(ResourceHandler):
    """``POST kernels/<id>/names``: what a kernel knows of names, for the prompts of a notebook."""

    permission = "execute", "kernels"
    forbidden = "use kernels of this server"
    # A refresh after an execution is no activity of the user.
    _track_activity = False

    @property
    def max_body_bytes(self) -> int:
        """Maximum size of the body."""
        return _MAX_NAMES_BYTES

    @web.authenticated
    @authorized("execute")  # type: ignore[untyped-decorator]
    async def post(self, kernel_id: str) -> None:
        """Respond with the names and members; ``names`` is null if the kernel is not asked."""
        await self.respond(lambda body: self._answer(kernel_id, body))

    async def _answer(self, kernel_id: str, body: bytes) -> None:
        names, members_of = parse_names_request(body)
        kernels = cast(KernelNames, self.settings["safecoder_kernel_names"])
        answer = await kernels.ask(kernel_id, names, members_of)
        nothing: dict[str, Any] = {"names": None, "members": {}, "complete": False}
        self.finish(nothing if answer is None else read_answer(answer))


class OpenAIModelsHandler(OpenAIErrors, Handler):
    """``GET v1/models``: the model, for other editors."""

    _track_activity = False

    @web.authenticated
    @authorized
    async def get(self, name: str = "") -> None:
        """Respond in OpenAI's form."""
        await self.proxy_get(f"/v1/models/{quote(name, safe='')}" if name else "/v1/models")


class EditorQueryHandler(OpenAIErrors, Handler):
    """``GET health`` and ``GET props``: what editors ask llama.cpp's server for."""

    _track_activity = False

    @web.authenticated
    @authorized
    async def get(self, name: str) -> None:
        """Respond in its form."""
        await self.proxy_get(f"/{name}")


class EditorCompletionsHandler(OpenAIErrors, BodyHandler):  # type: ignore[misc]  # prepare
    """Continues or fills in a text, for other editors; the path names their protocol."""

    @web.authenticated
    @authorized("execute")  # type: ignore[untyped-decorator]
    async def post(self, path: str) -> None:
        """Respond in the form of that protocol."""
        await self.proxy_post(path)


def _path_of(body: bytes) -> str:
    """Return the path of a request; empty if the body has none, which the runtime then refuses."""
    try:
        path = parse_json(body)["path"]
    except (InvalidRequest, KeyError, TypeError, IndexError):
        return ""
    return path if isinstance(path, str) else ""
