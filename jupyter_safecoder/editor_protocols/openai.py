"""OpenAI's "Completions (legacy)", as ``openai_protocol`` has its bodies."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from jupyter_safecoder.openai_protocol import (
    OpenAIRequest,
    choice_body,
    logprobs_body,
    parse_openai_request,
    usage,
    usage_body,
)

from .protocol import Answer, EditorProtocol, Part


class OpenAIProtocol(EditorProtocol):
    """``POST /v1/completions``."""

    path = "/v1/completions"

    def parse(self, body: bytes) -> OpenAIRequest:
        """Return the request of a JSON body."""
        return parse_openai_request(body)

    def to_json(self, request: OpenAIRequest) -> bytes:
        """Return the JSON body of a request."""
        return request.to_json()

    def counted(self, request: OpenAIRequest) -> OpenAIRequest:
        """Return a request whose stream ends with the numbers of tokens."""
        return replace(request, include_usage=request.stream or request.include_usage)

    def whole(self, request: OpenAIRequest, answer: Answer, part: Part) -> dict[str, Any]:
        """Return an object of the type ``text_completion``."""
        return _choice(request, answer, part) | {"usage": usage(answer.prompt_tokens, part.tokens)}

    def chunks(self, request: OpenAIRequest, answer: Answer, part: Part) -> list[dict[str, Any]]:
        """Return such an object without usage, and the usage at the end if it is wanted."""
        bodies = [_choice(request, answer, part)]
        answer.characters += len(part.text)
        if part.ending is not None and request.include_usage:
            counts = usage(answer.prompt_tokens, part.tokens)
            bodies.append(usage_body(*_head(answer), counts))
        return bodies


def _head(answer: Answer) -> tuple[str, int, str]:
    return answer.completion_id, answer.created, answer.model


def _choice(request: OpenAIRequest, answer: Answer, part: Part) -> dict[str, Any]:
    logprobs = None
    if request.logprobs and part.logprobs is not None:
        logprobs = logprobs_body([*part.token_texts], [*part.logprobs], answer.characters)
    return choice_body(*_head(answer), part.text, part.finish_reason, logprobs)


OPENAI = OpenAIProtocol()
