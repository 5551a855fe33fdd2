"""The part of OpenAI's completion protocol that other editors use: requests and responses.

Pure functions. Sources: OpenAI's API reference, "Completions (legacy)" and "Models", and the
behaviour of vLLM and of llama.cpp's server. Generation is always greedy, one choice per request.
"""

from __future__ import annotations

import itertools
import json
from dataclasses import asdict, dataclass
from typing import Any

from jupyter_safecoder.errors import InvalidRequest
from jupyter_safecoder.validation import parse_json, validate

from .protocol import Error

_DEFAULT_MAX_TOKENS = 16
#: Of a request that asks for as many tokens as there is room for, with -1 as in llama.cpp's server.
NO_LIMIT = 2**31
_MAX_STOPS = 256
_MAX_STOP_CHARACTERS = 4096
_STOP = {"type": "string", "minLength": 1, "maxLength": _MAX_STOP_CHARACTERS}
_IDS = {"type": "array", "items": {"type": "integer", "minimum": 0}}
_TEXT = {"type": "string"}
_GREEDY = "is not supported: there is one greedy answer"
_MAX_TOKENS = {
    "anyOf": [{"type": "null"}, {"type": "integer", "minimum": 1}, {"const": -1}],
    "errorMessage": "must be a whole number of 1 or more, or -1 for no limit",
}
#: In llama.cpp's server 0 only puts the prompt into the cache.
N_PREDICT = {
    "anyOf": [{"type": "null"}, {"type": "integer", "minimum": -1}],
    "errorMessage": "must be a whole number of 0 or more, or -1 for no limit",
}
STOPS = {
    "anyOf": [
        {"type": "null"},
        _STOP,
        {"type": "array", "maxItems": _MAX_STOPS, "items": _STOP},
    ],
    "errorMessage": f"must be a text or a list of at most {_MAX_STOPS} texts, each of 1 to "
    f"{_MAX_STOP_CHARACTERS} characters",
}
#: Names of the maximum number of tokens: OpenAI's two, and that of llama.cpp's server, which
#: editors send to any server.
_LIMITS = ("max_tokens", "max_completion_tokens", "n_predict")
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
        **dict.fromkeys(_LIMITS, _MAX_TOKENS),
        "n_predict": N_PREDICT,
        "stop": STOPS,
        "stream": {"type": ["boolean", "null"]},
        "stream_options": {
            "type": ["object", "null"],
            "properties": {"include_usage": {"type": ["boolean", "null"]}},
        },
        "n": {"enum": [None, 1], "errorMessage": _GREEDY},
        "best_of": {"enum": [None, 1], "errorMessage": _GREEDY},
        "echo": {"enum": [None, False], "errorMessage": _GREEDY},
        "logprobs": {"type": ["integer", "boolean", "null"], "minimum": 0},
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

    Parameters
    ----------
    prompt
        A text, or token ids that are used as they are.
    model
        The name that the client expects; empty: any.
    suffix
        The text after the cursor.
    max_tokens
        Maximum number of tokens of the completion; 0: none is generated.
    stop
        Texts that end it.
    stream
        Whether it is sent in parts.
    include_usage
        Whether a stream ends with the numbers of tokens.
    logprobs
        Whether the log-probability of each token is sent.
    fill
        Whether to fill in also where the suffix is empty.
    extra
        Texts of other files, which go before the prompt.
    """

    prompt: str | tuple[int, ...]
    model: str = ""
    suffix: str = ""
    max_tokens: int = _DEFAULT_MAX_TOKENS
    stop: tuple[str, ...] = ()
    stream: bool = False
    include_usage: bool = False
    logprobs: bool = False
    fill: bool = False
    extra: tuple[str, ...] = ()

    def to_json(self) -> bytes:
        """Return the JSON body of this request, in OpenAI's form."""
        fields = asdict(self)
        del fields["fill"], fields["extra"]
        fields["logprobs"] = 0 if self.logprobs else None
        fields["stream_options"] = {"include_usage": fields.pop("include_usage")}
        # ensure_ascii: a lone surrogate is then an escape instead of an encoding error.
        return json.dumps(fields, ensure_ascii=True).encode("ascii")


def parse_openai_request(
    body: bytes, default_max_tokens: int = _DEFAULT_MAX_TOKENS
) -> OpenAIRequest:
    """Return the request of a JSON body.

    Parameters
    ----------
    body
        The body.
    default_max_tokens
        Of a request that does not say how many tokens it wants.

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
    return OpenAIRequest(
        prompt=prompt,
        model=fields.get("model") or "",
        suffix=suffix,
        max_tokens=_max_tokens(fields, default_max_tokens),
        stop=stop_texts(fields.get("stop")),
        stream=bool(fields.get("stream")),
        include_usage=bool((fields.get("stream_options") or {}).get("include_usage")),
        # 0 asks for those of the tokens themselves.
        logprobs=not (fields.get("logprobs") is None or fields.get("logprobs") is False),
    )


def stop_texts(value: str | list[str] | None) -> tuple[str, ...]:
    """Return the stop texts of a request, each once."""
    return tuple(dict.fromkeys([value] if isinstance(value, str) else value or ()))


def _max_tokens(fields: dict[str, Any], default: int) -> int:
    """Return the maximum number of tokens, under whichever name it was sent."""
    # Twinny sends Ollama's options to servers of OpenAI's protocol.
    options = fields.get("options")
    ollama = options.get("num_predict") if isinstance(options, dict) else None
    for value in (*(fields.get(name) for name in _LIMITS), ollama):
        if value == -1 and not isinstance(value, bool):
            return NO_LIMIT
        # To JSON Schema 8.0 is an integer, to an engine it is not.
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if type(value) is int and value >= 0:
            return min(value, NO_LIMIT)
    return default


def _prompt(value: Any) -> str | tuple[int, ...]:
    if isinstance(value, list) and len(value) == 1 and isinstance(value[0], (str, list)):
        value = value[0]
    return value if isinstance(value, str) else tuple(int(token) for token in value)


def choice_body(
    completion_id: str,
    created: int,
    model: str,
    text: str,
    finish_reason: str | None,
    logprobs: dict[str, Any] | None = None,
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
    logprobs
        From :func:`logprobs_body`; ``None``: they were not asked for, or are not known.
    """
    choice = {"index": 0, "text": text, "logprobs": logprobs, "finish_reason": finish_reason}
    return _completion_body(completion_id, created, model) | {"choices": [choice]}


def logprobs_body(tokens: list[str], logprobs: list[float], first_offset: int) -> dict[str, Any]:
    """Return the log-probabilities of the tokens of a text.

    Parameters
    ----------
    tokens, logprobs
        Text and log-probability of each token.
    first_offset
        Characters of the completion before the first one.
    """
    ends = itertools.accumulate((len(token) for token in tokens), initial=first_offset)
    return {
        "tokens": tokens,
        "token_logprobs": logprobs,
        # Of a greedy answer each token is the most probable one; others are not known.
        "top_logprobs": [{token: value} for token, value in zip(tokens, logprobs, strict=True)],
        "text_offset": list(ends)[:-1],
    }


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
