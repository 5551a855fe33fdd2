"""The runtime's HTTP doors: its own two here, those for other editors in ``openai_doors.py``."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator

from tornado import web
from tornado.iostream import StreamClosedError

from jupyter_safecoder.errors import EngineError, InvalidRequest, ModelError, RuntimeNotReady
from jupyter_safecoder.protocol import USER_HEADER, Error, Event, encode_event, parse_request

from .base_handlers import RuntimeHandler, StreamedBodyHandler
from .openai_handlers import ModelHandler, ModelsHandler, TextHandler
from .runtime import Runtime


class NotFoundHandler(RuntimeHandler):
    """Any other path."""

    def prepare(self) -> None:
        """Refuse."""
        self.refuse(Error("not_found", "The runtime has no such door."))


class StatusHandler(RuntimeHandler):
    """The state of the runtime."""

    def get(self) -> None:
        """Answer with a Status."""
        self.set_header("Content-Type", "application/json")
        self.finish(self.runtime.status().to_json())


class SettingsHandler(RuntimeHandler):
    """What this runtime was started with: whoever trains needs the base, and where to keep it."""

    def get(self) -> None:
        """Answer with the settings."""
        self.set_header("Content-Type", "application/json")
        self.finish(self.runtime.settings.to_json())


class AdapterHandler(StreamedBodyHandler):
    """Which adapter the model is served with: answers once it has been changed."""

    async def answer(self, body: bytes) -> None:
        """Answer with a Status."""
        try:
            name = json.loads(body)["adapter"]
        except (ValueError, KeyError, TypeError, RecursionError):
            name = None
        if not isinstance(name, str):
            self.refuse(Error("bad_request", "The body names no adapter."))
            return
        try:
            await self.runtime.use_adapter(name)
        except (ModelError, EngineError) as problem:
            self.refuse(Error("bad_request", problem.reason, problem.remedy))
        except RuntimeNotReady:
            self.refuse(self.not_ready())
        else:
            self.set_header("Content-Type", "application/json")
            self.finish(self.runtime.status().to_json())


class CompletionsHandler(StreamedBodyHandler):
    """A completion as a stream of events, in NDJSON."""

    async def answer(self, body: bytes) -> None:
        """Answer with NDJSON."""
        try:
            request = parse_request(body)
        except InvalidRequest as error:
            self.refuse(Error("bad_request", str(error)))
            return
        completions, model = self.runtime.completions, self.runtime.status().model
        layout = request.options.layout
        if completions is None or model is None:
            self.refuse(self.not_ready())
        elif layout is not None and layout not in model.layouts:
            self.refuse(
                Error("bad_request", f"{model.name} was not trained on the layout {layout!r}.")
            )
        else:
            self.set_header("Content-Type", "application/x-ndjson")
            person = self.request.headers.get(USER_HEADER, "")
            await self._stream(completions.events(request, person))

    async def _stream(self, events: AsyncGenerator[Event]) -> None:
        try:
            async for event in events:
                if not await self._send(event):
                    return
        except asyncio.CancelledError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, the client gets a sentence
            self.runtime.counters.failed += 1
            await self._send(self.stopped(error))
        finally:
            await events.aclose()

    async def _send(self, event: Event) -> bool:
        if isinstance(event, Error) and not self._headers_written:
            self.refuse(event)
            return False
        try:
            self.write(encode_event(event))
            await self.flush()
        except StreamClosedError:
            return False
        return True


def make_app(runtime: Runtime, token: str) -> web.Application:
    """Return the runtime's web application."""
    arguments = {"runtime": runtime, "token": token}
    return web.Application(
        [
            (r"/status", StatusHandler, arguments),
            (r"/settings", SettingsHandler, arguments),
            (r"/adapter", AdapterHandler, arguments),
            (r"/completions", CompletionsHandler, arguments),
            (r"/v1/models", ModelsHandler, arguments),
            (r"/v1/models/(.+)", ModelHandler, arguments),
            (r"/v1/completions", TextHandler, arguments),
        ],
        default_handler_class=NotFoundHandler,
        default_handler_args=arguments,
        log_function=lambda handler: None,  # no access log: the doors are for programs
    )
