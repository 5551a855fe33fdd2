"""The OpenAI-compatible endpoints, for other editors: ``/v1/models`` and ``/v1/completions``."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from jupyter_safecoder.http.handlers import parse_body
from jupyter_safecoder.openai_protocol import (
    OpenAIErrors,
    OpenAIRequest,
    choice_body,
    model_body,
    parse_openai_request,
    usage,
    usage_body,
)
from jupyter_safecoder.protocol import PROMPT_TOKENS_HEADER, Error

from .base_handlers import RuntimeBodyHandler, RuntimeHandler
from .openai_completion import OpenAIDelta


class OpenAIModelsHandler(OpenAIErrors, RuntimeHandler):
    """``GET /v1/models``: a list with the only model."""

    def get(self) -> None:
        """Respond with the list."""
        model = self.runtime.status().model
        if model is None:
            self.refuse(self.not_ready())
        else:
            about = model_body(model.name, model.context_window)
            self.finish({"object": "list", "data": [about]})


class OpenAIModelHandler(OpenAIErrors, RuntimeHandler):
    """``GET /v1/models/NAME``: the description of the model."""

    def get(self, name: str) -> None:
        """Respond with the description."""
        model = self.runtime.status().model
        if model is None:
            self.refuse(self.not_ready())
        elif name != model.name:
            self.refuse(_unknown_model(model.name))
        else:
            self.finish(model_body(model.name, model.context_window))


@dataclass(frozen=True)
class _Response:
    """What all bodies of one response have in common."""

    request: OpenAIRequest
    head: tuple[str, int, str]
    prompt_tokens: int

    def usage(self, completion_tokens: int) -> dict[str, Any]:
        """Return the usage once the completion has so many tokens."""
        return usage(self.prompt_tokens, completion_tokens)


class OpenAICompletionsHandler(OpenAIErrors, RuntimeBodyHandler):
    """``POST /v1/completions``: continues a text, or fills it in."""

    async def post(self) -> None:
        """Respond with one JSON object, or with server-sent events."""
        await self.respond(self._complete)

    async def _complete(self, body: bytes) -> None:
        request = await parse_body(body, parse_openai_request)
        completions, model = self.runtime.openai_completions, self.runtime.status().model
        if completions is None or model is None:
            raise self.not_ready()
        if request.model not in ("", model.name):
            self.refuse(_unknown_model(model.name))
            return
        prompt = completions.prompt(request)
        self.set_header(PROMPT_TOKENS_HEADER, str(len(prompt)))
        head = (f"cmpl-{secrets.token_hex(12)}", int(time.time()), model.name)
        response = _Response(request, head, len(prompt))
        send = self._send_stream if request.stream else self._send_whole
        async with aclosing(completions.deltas(request, prompt, self.user())) as deltas:
            await send(deltas, response)

    async def _send_whole(self, deltas: AsyncGenerator[OpenAIDelta], response: _Response) -> None:
        text, delta = "", None
        async for delta in deltas:
            text += delta.text
        assert delta is not None
        body = choice_body(*response.head, text, delta.finish_reason)
        self.finish(body | {"usage": response.usage(delta.tokens)})

    async def _send_stream(self, deltas: AsyncGenerator[OpenAIDelta], response: _Response) -> None:
        self.set_header("Content-Type", "text/event-stream")
        tokens = 0
        async for delta in deltas:
            tokens = delta.tokens
            await self._send_event(choice_body(*response.head, delta.text, delta.finish_reason))
        if response.request.include_usage:
            await self._send_event(usage_body(*response.head, response.usage(tokens)))
        await self.send("data: [DONE]\n\n")

    async def _send_event(self, body: dict[str, Any]) -> None:
        await self.send(f"data: {json.dumps(body)}\n\n")


def _unknown_model(name: str) -> Error:
    return Error("not_found", "There is no such model.", f"The one that is served is {name!r}.")
