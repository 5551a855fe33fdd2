"""The doors for other editors: ``/v1/models`` and ``/v1/completions``, as OpenAI's protocol."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing

from tornado.iostream import StreamClosedError

from jupyter_safecoder.errors import EngineError, InvalidRequest, QueueFull
from jupyter_safecoder.openai_protocol import (
    OpenAIErrors,
    OpenAIRequest,
    choice_body,
    error_body,
    model_body,
    parse_openai_request,
    usage,
    usage_body,
)
from jupyter_safecoder.protocol import PROMPT_TOKENS_HEADER, USER_HEADER, Error

from .base_handlers import RuntimeHandler, StreamedBodyHandler
from .openai_completion import OpenAIDelta


class ModelsHandler(OpenAIErrors, RuntimeHandler):
    """The one model that is served."""

    def get(self) -> None:
        """Answer with a list of it."""
        model = self.runtime.status().model
        if model is None:
            self.refuse(self.not_ready())
        else:
            about = model_body(model.name, model.context_window)
            self.finish({"object": "list", "data": [about]})


class ModelHandler(OpenAIErrors, RuntimeHandler):
    """A model by its name."""

    def get(self, name: str) -> None:
        """Answer with what is said of it."""
        model = self.runtime.status().model
        if model is None:
            self.refuse(self.not_ready())
        elif name != model.name:
            self.refuse(_no_model(model.name))
        else:
            self.finish(model_body(model.name, model.context_window))


class TextHandler(OpenAIErrors, StreamedBodyHandler):
    """A text to go on with, or to fill in."""

    async def answer(self, body: bytes) -> None:
        """Answer with one JSON object, or with server-sent events."""
        try:
            request = parse_openai_request(body)
        except InvalidRequest as error:
            return self.refuse(Error("bad_request", str(error)))
        texts, model = self.runtime.texts, self.runtime.status().model
        if texts is None or model is None:
            return self.refuse(self.not_ready())
        if request.model not in ("", model.name):
            return self.refuse(_no_model(model.name))
        person = self.request.headers.get(USER_HEADER, "")
        head = (f"cmpl-{secrets.token_hex(12)}", int(time.time()), model.name)
        try:
            prompt = texts.prompt(request)
            self.set_header(PROMPT_TOKENS_HEADER, str(len(prompt)))
            async with aclosing(texts.pieces(request, prompt, person)) as pieces:
                await (self._stream if request.stream else self._whole)(
                    pieces, request, head, len(prompt)
                )
        except InvalidRequest as error:
            await self._fail(Error("bad_request", str(error)))
        except QueueFull as full:
            wait = full.retry_after_s
            await self._fail(Error("queue_full", str(full), "Wait a moment.", retry_after_s=wait))
        except EngineError as problem:
            await self._fail(Error("engine_failed", problem.reason, problem.remedy))
        except StreamClosedError:
            return None
        except Exception as error:  # noqa: BLE001 - whatever it is, the client gets a sentence
            await self._fail(self.stopped(error))

    async def _whole(
        self,
        pieces: AsyncGenerator[OpenAIDelta],
        request: OpenAIRequest,
        head: tuple[str, int, str],
        prompt_tokens: int,
    ) -> None:
        text, last = "", None
        async for last in pieces:
            text += last.text
        assert last is not None
        answer = choice_body(*head, text, last.finish_reason)
        self.finish(answer | {"usage": usage(prompt_tokens, last.tokens)})

    async def _stream(
        self,
        pieces: AsyncGenerator[OpenAIDelta],
        request: OpenAIRequest,
        head: tuple[str, int, str],
        prompt_tokens: int,
    ) -> None:
        self.set_header("Content-Type", "text/event-stream")
        tokens = 0
        async for piece in pieces:
            tokens = piece.tokens
            await self._send(json.dumps(choice_body(*head, piece.text, piece.finish_reason)))
        if request.include_usage:
            await self._send(json.dumps(usage_body(*head, usage(prompt_tokens, tokens))))
        await self._send("[DONE]")

    async def _send(self, data: str) -> None:
        self.write(f"data: {data}\n\n")
        await self.flush()

    async def _fail(self, error: Error) -> None:
        if not self._headers_written:
            return self.refuse(error)
        try:
            await self._send(json.dumps(error_body(error)))
        except StreamClosedError:
            return None
        return None


def _no_model(name: str) -> Error:
    return Error("not_found", "There is no such model.", f"The one that is served is {name!r}.")
