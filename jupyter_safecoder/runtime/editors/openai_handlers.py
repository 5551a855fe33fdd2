"""The endpoints for other editors: completions in each of their protocols, and ``/v1/models``."""

from __future__ import annotations

import secrets
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace

from jupyter_safecoder.editor_protocols import Answer, Part
from jupyter_safecoder.editor_protocols.handlers import EditorProtocolHandler
from jupyter_safecoder.editor_protocols.protocol import dump, event
from jupyter_safecoder.http.handlers import parse_body
from jupyter_safecoder.openai_protocol import OpenAIErrors, OpenAIRequest, model_body
from jupyter_safecoder.protocol import PROMPT_TOKENS_HEADER, Error
from jupyter_safecoder.runtime.base_handlers import RuntimeBodyHandler, RuntimeHandler


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


class EditorCompletionsHandler(EditorProtocolHandler, RuntimeBodyHandler):  # type: ignore[misc]  # initialize
    """Continues a text, or fills it in, for another editor."""

    async def post(self) -> None:
        """Respond with one JSON object, or with server-sent events."""
        await self.respond(self._complete)

    async def _complete(self, body: bytes) -> None:
        request = await parse_body(body, self.protocol.parse)
        completions, model = self.runtime.openai_completions, self.runtime.status().model
        if completions is None or model is None:
            raise self.not_ready()
        if self.runtime.settings.strict_model_names and request.model not in ("", model.name):
            self.refuse(_unknown_model(model.name))
            return
        prompt = completions.prompt(request)
        self.set_header(PROMPT_TOKENS_HEADER, str(len(prompt)))
        answer = Answer(
            f"cmpl-{secrets.token_hex(12)}",
            int(time.time()),
            model.name,
            len(prompt),
            model.context_window,
        )
        parts = completions.deltas(request, prompt, self.user())
        send = self._send_stream if request.stream else self._send_whole
        async with aclosing(_timed(parts, answer)) as timed:
            await send(timed, request, answer)

    async def _send_whole(
        self, parts: AsyncGenerator[Part], request: OpenAIRequest, answer: Answer
    ) -> None:
        found = [part async for part in parts]
        whole = replace(
            found[-1],
            text="".join(part.text for part in found),
            token_texts=[text for part in found for text in part.token_texts],
            logprobs=_all_logprobs(found),
        )
        self.set_header("Content-Type", "application/json; charset=UTF-8")
        self.finish(dump(self.protocol.whole(request, answer, whole)))

    async def _send_stream(
        self, parts: AsyncGenerator[Part], request: OpenAIRequest, answer: Answer
    ) -> None:
        self.set_header("Content-Type", "text/event-stream")
        async for part in parts:
            for body in self.protocol.chunks(request, answer, part):
                await self.send(event(body))
        if self.protocol.end_of_stream:
            await self.send(self.protocol.end_of_stream)


async def _timed(parts: AsyncGenerator[Part], answer: Answer) -> AsyncGenerator[Part]:
    """Yield the parts, and keep the times in the answer."""
    started = time.perf_counter()
    first: float | None = None
    async with aclosing(parts) as source:
        async for part in source:
            now = time.perf_counter()
            if first is None:
                first = now
                answer.prompt_ms = 1000 * (first - started)
            answer.predicted_ms = 1000 * (now - first)
            yield part


def _all_logprobs(parts: list[Part]) -> list[float] | None:
    """Return the log-probabilities of all tokens; ``None`` if some are not known."""
    if any(part.logprobs is None for part in parts):
        return None
    return [value for part in parts for value in part.logprobs or ()]


def _unknown_model(name: str) -> Error:
    return Error("not_found", "There is no such model.", f"The one that is served is {name!r}.")
