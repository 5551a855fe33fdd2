"""Mistral's "Fill in the middle", which Continue and the SDK of Mistral send.

Source: Mistral's OpenAPI description of ``/v1/fim/completions``, read in 2026.
"""

from __future__ import annotations

from typing import Any

from jupyter_safecoder.openai_protocol import OpenAIRequest, parse_openai_request, usage

from .protocol import Answer, EditorProtocol, Part, dump

#: Mistral has no default: a completion ends with the model's stop token.
_DEFAULT_MAX_TOKENS = 128


class MistralProtocol(EditorProtocol):
    """``POST /v1/fim/completions``: requests like OpenAI's, responses like those of a chat."""

    path = "/v1/fim/completions"

    def parse(self, body: bytes) -> OpenAIRequest:
        """Return the request of a JSON body."""
        return parse_openai_request(body, _DEFAULT_MAX_TOKENS)

    def to_json(self, request: OpenAIRequest) -> bytes:
        """Return the JSON body of a request."""
        names = ("prompt", "suffix", "model", "max_tokens", "stop", "stream")
        return dump({name: getattr(request, name) for name in names}).encode("ascii")

    def whole(self, request: OpenAIRequest, answer: Answer, part: Part) -> dict[str, Any]:
        """Return an object of the type ``chat.completion``."""
        message = {"role": "assistant", "content": part.text, "tool_calls": None}
        choice = {"index": 0, "message": message, "finish_reason": part.finish_reason}
        return _body("chat.completion", answer, choice) | {
            "usage": usage(answer.prompt_tokens, part.tokens)
        }

    def chunks(self, request: OpenAIRequest, answer: Answer, part: Part) -> list[dict[str, Any]]:
        """Return one of the type ``chat.completion.chunk``; the last one has the usage too."""
        delta = {"role": "assistant", "content": part.text}
        choice = {"index": 0, "delta": delta, "finish_reason": part.finish_reason}
        body = _body("chat.completion.chunk", answer, choice)
        if part.ending is not None:
            body["usage"] = usage(answer.prompt_tokens, part.tokens)
        return [body]


def _body(kind: str, answer: Answer, choice: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": answer.completion_id,
        "object": kind,
        "created": answer.created,
        "model": answer.model,
        "choices": [choice],
    }


FIM = MistralProtocol()
