"""The part of OpenAI's completion protocol that other editors speak: requests in, answers out.

Pure. Source: OpenAI's API reference, "Completions (legacy)" and "Models", and what vLLM and
llama.cpp's server make of it. Answers are always greedy, one at a time.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from jupyter_safecoder.errors import InvalidRequest

from .protocol import Error

_DEFAULT_TOKENS = 16
_MOST_STOPS = 4
_STOP_CHARACTERS = 256
#: Fields that would ask for something else than one greedy answer, and the values that do not.
_ONLY: dict[str, tuple[object, ...]] = {
    "n": (None, 1),
    "best_of": (None, 1),
    "echo": (None, False),
    "logprobs": (None,),
}
_TYPES = {
    "bad_request": "invalid_request_error",
    "not_found": "invalid_request_error",
    "too_large": "invalid_request_error",
    "unauthorized": "authentication_error",
    "queue_full": "rate_limit_error",
}


@dataclass(frozen=True)
class OpenAIRequest:
    """A text to go on with, or to fill in where there is a suffix.

    ``prompt`` is a text, or token ids to be used as they are.
    """

    prompt: str | tuple[int, ...]
    model: str = ""
    suffix: str = ""
    max_tokens: int = _DEFAULT_TOKENS
    stop: tuple[str, ...] = ()
    stream: bool = False
    include_usage: bool = False


def parse_openai_request(body: bytes) -> OpenAIRequest:
    """Return the request that a body holds.

    Raises
    ------
    InvalidRequest
        If it is none, or asks for what is not done here.
    """
    try:
        fields = json.loads(body)
    except (ValueError, RecursionError):
        raise InvalidRequest("The body is not JSON.") from None
    if not isinstance(fields, dict):
        raise InvalidRequest("The body is not a JSON object.")
    for name, allowed in _ONLY.items():
        if fields.get(name) not in allowed:
            raise InvalidRequest(f"'{name}' is not supported: there is one greedy answer.")
    options = fields.get("stream_options") or {}
    if not isinstance(options, dict):
        raise InvalidRequest("'stream_options' is not an object.")
    suffix = _typed(fields, "suffix", str, "")
    prompt = _prompt(fields.get("prompt"))
    if suffix and not isinstance(prompt, str):
        raise InvalidRequest("'suffix' needs a 'prompt' that is a text.")
    if not (prompt or suffix):
        raise InvalidRequest("'prompt' is empty.")
    max_tokens = _typed(fields, "max_tokens", int, _DEFAULT_TOKENS)
    if max_tokens < 1:
        raise InvalidRequest("'max_tokens' is less than 1.")
    return OpenAIRequest(
        prompt=prompt,
        model=_typed(fields, "model", str, ""),
        suffix=suffix,
        max_tokens=max_tokens,
        stop=_stops(fields.get("stop")),
        stream=_typed(fields, "stream", bool, False),
        include_usage=bool(options.get("include_usage")),
    )


def _typed(fields: dict[str, Any], name: str, kind: type, otherwise: Any) -> Any:
    value = fields.get(name)
    if value is None:
        return otherwise
    if type(value) is not kind:
        raise InvalidRequest(f"'{name}' is not of the type {kind.__name__}.")
    return value


def _prompt(value: object) -> str | tuple[int, ...]:
    if isinstance(value, list) and len(value) == 1 and isinstance(value[0], (str, list)):
        value = value[0]
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(type(i) is int and i >= 0 for i in value):
        return tuple(value)
    if isinstance(value, list):
        raise InvalidRequest("'prompt' is neither one text nor one list of token ids.")
    raise InvalidRequest("'prompt' is missing, or neither a text nor a list of token ids.")


def _stops(value: object) -> tuple[str, ...]:
    stops = [value] if isinstance(value, str) else value or []
    if not isinstance(stops, list) or not all(isinstance(stop, str) and stop for stop in stops):
        raise InvalidRequest("'stop' is neither a text nor a list of texts.")
    if len(stops) > _MOST_STOPS or any(len(stop) > _STOP_CHARACTERS for stop in stops):
        raise InvalidRequest(f"'stop' has more than {_MOST_STOPS} texts, or one that is too long.")
    return tuple(stops)


def choice_body(
    answer: str, created: int, model: str, text: str, finish_reason: str | None
) -> dict[str, Any]:
    """Return an answer, or a piece of a streamed one."""
    choice = {"index": 0, "text": text, "logprobs": None, "finish_reason": finish_reason}
    return _answer(answer, created, model) | {"choices": [choice]}


def usage_body(answer: str, created: int, model: str, usage: dict[str, int]) -> dict[str, Any]:
    """Return the last piece of a stream whose client wants to know what was used."""
    return _answer(answer, created, model) | {"choices": [], "usage": usage}


def usage(prompt_tokens: int, completion_tokens: int) -> dict[str, int]:
    """Return the counts of an answer."""
    return {
        "prompt_tokens": prompt_tokens,
        "completion_tokens": completion_tokens,
        "total_tokens": prompt_tokens + completion_tokens,
    }


def model_body(name: str, context_window: int) -> dict[str, Any]:
    """Return what is said of a model; ``max_model_len`` is vLLM's name for the window."""
    about = {"id": name, "object": "model", "created": 0, "owned_by": "jupyter_safecoder"}
    return about | {"max_model_len": context_window}


def error_body(error: Error) -> dict[str, Any]:
    """Return an error of our protocol as one of this."""
    message = f"{error.message} {error.remedy}".strip()
    kind = _TYPES.get(error.code, "server_error")
    return {"error": {"message": message, "type": kind, "param": None, "code": error.code}}


class OpenAIErrors:
    """What makes the errors of a door those that other editors know."""

    def error_body(self, error: Error) -> Any:
        """Return an error as the body of an answer."""
        return error_body(error)

    def error_in_stream(self, error: Error) -> Any:
        """Return an error as the last piece of a stream."""
        return f"data: {json.dumps(error_body(error))}\n\n"


def _answer(answer: str, created: int, model: str) -> dict[str, Any]:
    return {"id": answer, "object": "text_completion", "created": created, "model": model}
