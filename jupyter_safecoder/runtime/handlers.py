"""The runtime's HTTP endpoints; those for other editors are in ``editors/``."""

from __future__ import annotations

from collections.abc import Awaitable
from contextlib import aclosing

from tornado import web

from jupyter_safecoder.editor_protocols import PROTOCOLS
from jupyter_safecoder.errors import InvalidRequest, RuntimeNotReady
from jupyter_safecoder.http.handlers import parse_body
from jupyter_safecoder.kept_texts import forget_texts
from jupyter_safecoder.protocol import Error, encode_event, parse_request
from jupyter_safecoder.validation import parse_json, validate

from .base_handlers import RuntimeBodyHandler, RuntimeHandler
from .editors.llama_cpp_handlers import HealthHandler, PropsHandler
from .editors.openai_handlers import (
    EditorCompletionsHandler,
    OpenAIModelHandler,
    OpenAIModelsHandler,
)
from .runtime import Runtime

_ADAPTER_SCHEMA, _MODEL_SCHEMA = (
    {"type": "object", "required": [name], "properties": {name: {"type": "string"}}}
    for name in ("adapter", "model")
)


class NotFoundHandler(RuntimeHandler):
    """Any other path."""

    async def prepare(self) -> None:
        """Refuse the request, with or without a token."""
        self.refuse(Error("not_found", "Unknown endpoint."))


class StatusHandler(RuntimeHandler):
    """``GET /status``: the state of the runtime."""

    def get(self) -> None:
        """Respond with a Status."""
        self.set_header("Content-Type", "application/json")
        self.finish(self.runtime.status().to_json())


class SettingsHandler(RuntimeHandler):
    """``GET /settings``: the settings of the runtime, with the name of the model that is served.

    Training needs them, for the base model and for the cache directory.
    """

    def get(self) -> None:
        """Respond with the settings."""
        self.set_header("Content-Type", "application/json")
        self.finish(self.runtime.served_settings().to_json())


class ModelsHandler(RuntimeHandler):
    """``GET /models``: the models that can be served."""

    def get(self) -> None:
        """Respond with Models."""
        self.set_header("Content-Type", "application/json")
        self.finish(self.runtime.models().to_json())


class LoadHandler(RuntimeHandler):
    """``POST /load``: loads a model that was unloaded, for a notebook that was opened."""

    def post(self) -> None:
        """Respond with a Status at once."""
        self.runtime.wake()
        self.set_header("Content-Type", "application/json")
        self.finish(self.runtime.status().to_json())


class ForgetHandler(RuntimeHandler):
    """``POST /forget``: a document was closed; texts that are kept to save time are dropped."""

    def post(self) -> None:
        """Respond with a Status."""
        forget_texts()
        self.set_header("Content-Type", "application/json")
        self.finish(self.runtime.status().to_json())


class _SwitchHandler(RuntimeBodyHandler):
    async def switch(self, change: Awaitable[None]) -> None:
        """Respond with a Status once a change of the served model is complete."""
        try:
            await change
        except RuntimeNotReady:
            raise self.not_ready() from None
        self.set_header("Content-Type", "application/json")
        self.finish(self.runtime.status().to_json())


class AdapterHandler(_SwitchHandler):
    """``POST /adapter``: serves the model with another adapter."""

    async def post(self) -> None:
        """Respond with a Status once the adapter is in use."""
        await self.respond(self._use)

    async def _use(self, body: bytes) -> None:
        data = validate(_ADAPTER_SCHEMA, parse_json(body), "the request", InvalidRequest)
        await self.switch(self.runtime.use_adapter(data["adapter"]))


class ModelHandler(_SwitchHandler):
    """``POST /model``: serves another model."""

    async def post(self) -> None:
        """Respond with a Status once the model is in use."""
        await self.respond(self._use)

    async def _use(self, body: bytes) -> None:
        data = validate(_MODEL_SCHEMA, parse_json(body), "the request", InvalidRequest)
        await self.switch(self.runtime.use_model(data["model"]))


class CompletionsHandler(RuntimeBodyHandler):
    """``POST /completions``: a completion as a stream of events, in NDJSON."""

    async def post(self) -> None:
        """Respond with NDJSON."""
        await self.respond(self._complete)

    async def _complete(self, body: bytes) -> None:
        request = await parse_body(body, parse_request)
        completions, model = self.runtime.completions, self.runtime.status().model
        if completions is None or model is None:
            raise self.not_ready()
        layout = request.options.layout
        if layout is not None and layout not in model.layouts:
            raise InvalidRequest(f"{model.name} was not trained on the layout {layout!r}.")
        self.set_header("Content-Type", "application/x-ndjson")
        async with aclosing(completions.events(request, self.user())) as events:
            async for event in events:
                await self.send(encode_event(event))


def make_app(runtime: Runtime, token: str) -> web.Application:
    """Return the runtime's web application, which requires a token."""
    arguments = {"runtime": runtime, "token": token}
    return web.Application(
        [
            (r"/status", StatusHandler, arguments),
            (r"/settings", SettingsHandler, arguments),
            (r"/load", LoadHandler, arguments),
            (r"/forget", ForgetHandler, arguments),
            (r"/adapter", AdapterHandler, arguments),
            (r"/model", ModelHandler, arguments),
            (r"/models", ModelsHandler, arguments),
            (r"/completions", CompletionsHandler, arguments),
            (r"/v1/models", OpenAIModelsHandler, arguments),
            (r"/v1/models/(.+)", OpenAIModelHandler, arguments),
            (r"(?:/v1)?/health", HealthHandler, arguments),
            (r"(?:/v1)?/props", PropsHandler, arguments),
            *(
                (rf"{protocol.path}", EditorCompletionsHandler, {**arguments, "protocol": protocol})
                for protocol in PROTOCOLS
            ),
        ],
        default_handler_class=NotFoundHandler,
        default_handler_args=arguments,
        log_function=lambda handler: None,  # no access log
    )
