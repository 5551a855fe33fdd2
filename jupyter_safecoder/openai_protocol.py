"""The part of OpenAI's completion protocol that other editors use: requests and responses.

Pure functions. Sources: OpenAI's API reference, "Completions (legacy)" and "Models", and the
behaviour of vLLM and of llama.cpp's server. Generation is always greedy, one choice per request.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

from jupyter_safecoder.errors import InvalidRequest
from jupyter_safecoder.validation import parse_json, validate

from .protocol import Error

_DEFAULT_MAX_TOKENS = 16
_MAX_STOPS = 4
_MAX_STOP_CHARACTERS = 256
_STOP = {"type": "string", "minLength": 1, "maxLength": _MAX_STOP_CHARACTERS}
_IDS = {"type": "array", "items": {"type": "integer", "minimum": 0}}
_TEXT = {"type": "string"}
_GREEDY = "is not supported: there is one greedy answer"
#: Fields that are not here, such as ``temperature``, have no effect on a greedy answer.
_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["prompt"],
    "properties": {
        "model": {"type": ["string", "null"]},
        "prompt": {
            "anyOf": [
                _TEXT,
                _IDS,
                {"type": "array", "minItems": 1, "maxItems": 1, "items": {"anyOf": [_TEXT, _IDS]}},
            ],
            "errorMessage": "must be one text or one list of token ids",
        },
        "suffix": {"type": ["string", "null"]},
        "max_tokens": {"type": ["integer", "null"], "minimum": 1},
        "stop": {
            "anyOf": [
                {"type": "null"},
                _STOP,
                {"type": "array", "maxItems": _MAX_STOPS, "items": _STOP},
            ],
            "errorMessage": f"must be a text or a list of at most {_MAX_STOPS} texts, each of 1 to "
            f"{_MAX_STOP_CHARACTERS} characters",
        },
        "stream": {"type": ["boolean", "null"]},
        "stream_options": {
            "type": ["object", "null"],
            "properties": {"include_usage": {"type": ["boolean", "null"]}},
        },
        "n": {"enum": [None, 1], "errorMessage": _GREEDY},
        "best_of": {"enum": [None, 1], "errorMessage": _GREEDY},
        "echo": {"enum": [None, False], "errorMessage": _GREEDY},
        "logprobs": {"enum": [None], "errorMessage": _GREEDY},
    },
}
#: OpenAI's error types; all other codes are ``server_error``.
_ERROR_TYPES = {
    "bad_request": "invalid_request_error",
    "not_found": "invalid_request_error",
    "too_large": "invalid_request_error",
    "unauthorized": "authentication_error",
    "queue_full": "rate_limit_error",
}


@dataclass(frozen=True)
class OpenAIRequest:
    """A text to continue, or to fill in where there is a suffix.

    ``prompt`` is a text, or token ids that are used as they are.
    """

    prompt: str | tuple[int, ...]
    model: str = ""
    suffix: str = ""
    max_tokens: int = _DEFAULT_MAX_TOKENS
    stop: tuple[str, ...] = ()
    stream: bool = False
    include_usage: bool = False

    def to_json(self) -> bytes:
        """Return the JSON body of this request."""
        fields = asdict(self)
        fields["stream_options"] = {"include_usage": fields.pop("include_usage")}
        # ensure_ascii: a lone surrogate is then an escape instead of an encoding error.
        return json.dumps(fields, ensure_ascii=True).encode("ascii")


def parse_openai_request(body: bytes) -> OpenAIRequest:
    """Return the request of a JSON body.

    Raises
    ------
    InvalidRequest
        If the body is not a request, or asks for something that is not supported.
    """
    fields = validate(_SCHEMA, parse_json(body), "the request", InvalidRequest)
    prompt = _prompt(fields["prompt"])
    suffix = fields.get("suffix") or ""
    if suffix and not isinstance(prompt, str):
        raise InvalidRequest("'suffix' needs a 'prompt' that is a text.")
    if not (prompt or suffix):
        raise InvalidRequest("'prompt' is empty.")
    stop = fields.get("stop") or ()
    return OpenAIRequest(
        prompt=prompt,
        model=fields.get("model") or "",
        suffix=suffix,
        # To JSON Schema 8.0 is an integer, to an engine it is not.
        max_tokens=int(fields.get("max_tokens") or _DEFAULT_MAX_TOKENS),
        stop=(stop,) if isinstance(stop, str) else tuple(stop),
        stream=bool(fields.get("stream")),
        include_usage=bool((fields.get("stream_options") or {}).get("include_usage")),
    )


def _prompt(value: Any) -> str | tuple[int, ...]:
    if isinstance(value, list) and len(value) == 1 and isinstance(value[0], (str, list)):
        value = value[0]
    return value if isinstance(value, str) else tuple(int(token) for token in value)


def choice_body(
    completion_id: str, created: int, model: str, text: str, finish_reason: str | None
) -> dict[str, Any]:
    """Return a completion, or a part of a streamed one.

    Parameters
    ----------
    completion_id, created, model
        Of the completion: its id, the time in seconds since 1970, the model's name.
    text
        The text, or what is new of it.
    finish_reason
        ``stop`` or ``length``; ``None`` before the last part.
    """
    choice = {"index": 0, "text": text, "logprobs": None, "finish_reason": finish_reason}
    return _completion_body(completion_id, created, model) | {"choices": [choice]}


def usage_body(
    completion_id: str, created: int, model: str, usage: dict[str, int]
) -> dict[str, Any]:
    """Return the last part of a stream whose client wants the usage.

    Parameters
    ----------
    completion_id, created, model
        As for :func:`choice_body`.
    usage
        From :func:`usage`.
    """
    return _completion_body(completion_id, created, model) | {"choices": [], "usage": usage}


def usage(prompt_tokens: int, completion_tokens: int) -> dict[str, int]:
    """Return the token counts of a completion."""
    return {
        "prompt_tokens": prompt_tokens,
        "completion_tokens": completion_tokens,
        "total_tokens": prompt_tokens + completion_tokens,
    }


def model_body(name: str, context_window: int) -> dict[str, Any]:
    """Return the description of a model; ``max_model_len`` is vLLM's name for the window."""
    about = {"id": name, "object": "model", "created": 0, "owned_by": "jupyter_safecoder"}
    return about | {"max_model_len": context_window}


def error_body(error: Error) -> dict[str, Any]:
    """Return an error of our protocol in OpenAI's form."""
    message = f"{error.message} {error.remedy}".strip()
    kind = _ERROR_TYPES.get(error.code, "server_error")
    return {"error": {"message": message, "type": kind, "param": None, "code": error.code}}


class OpenAIErrors:
    """Mixin for request handlers whose errors have OpenAI's form."""

    def error_body(self, error: Error) -> Any:
        """Return an error as the body of a response."""
        return error_body(error)

    def error_in_stream(self, error: Error) -> Any:
        """Return an error as the last server-sent event of a stream."""
        return f"data: {json.dumps(error_body(error))}\n\n"


def _completion_body(completion_id: str, created: int, model: str) -> dict[str, Any]:
    head = {"id": completion_id, "object": "text_completion", "created": created}
    return head | {"model": model}
