"""The endpoints of llama.cpp's server that llama.vscode, llama.vim, Twinny and Continue use.

Source: the documentation of llama.cpp's server (``tools/server/README.md``), and what these editors
send, read in 2026.
"""

from __future__ import annotations

from typing import Any, ClassVar

from jupyter_safecoder.errors import InvalidRequest
from jupyter_safecoder.openai_protocol import (
    N_PREDICT,
    NO_LIMIT,
    STOPS,
    OpenAIRequest,
    parse_openai_request,
    stop_texts,
)
from jupyter_safecoder.validation import parse_json, validate

from .protocol import Answer, EditorProtocol, Ending, Part, dump

#: llama.cpp's server has no limit by default; an editor that sets none shows a few lines.
_DEFAULT_MAX_TOKENS = 128
#: llama.vscode sends 16 by default.
_MAX_EXTRA = 256
_TEXT = {"type": ["string", "null"]}
_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "input_prefix": _TEXT,
        "input_suffix": _TEXT,
        "prompt": _TEXT,
        "model": _TEXT,
        "input_extra": {
            "anyOf": [
                {"type": "null"},
                {
                    "type": "array",
                    "maxItems": _MAX_EXTRA,
                    "items": {
                        "type": "object",
                        "required": ["text"],
                        "properties": {"text": {"type": "string"}, "filename": _TEXT},
                    },
                },
            ],
            "errorMessage": f"must be a list of at most {_MAX_EXTRA} objects with a 'text'",
        },
        "n_predict": N_PREDICT,
        "stop": STOPS,
        "stream": {"type": ["boolean", "null"]},
    },
}
_STOP_TYPES: dict[Ending | None, str] = {
    None: "none",
    "end": "eos",
    "stop": "word",
    "limit": "limit",
}


class _LlamaCppProtocol(EditorProtocol):
    """Responses of llama.cpp's own form; its streams have no line that ends them."""

    end_of_stream: ClassVar[str] = ""

    def whole(self, request: OpenAIRequest, answer: Answer, part: Part) -> dict[str, Any]:
        """Return the text with its counts and times."""
        return _counts(answer, part) | {
            "model": answer.model,
            "generation_settings": {"n_ctx": answer.context_window, "temperature": 0.0},
            "prompt": "",
            "has_new_line": "\n" in part.text,
            "truncated": False,
            "stop_type": _STOP_TYPES[part.ending],
            "stopping_word": part.stop,
            "tokens_cached": 0,
            "timings": _timings(answer, part),
        }

    def chunks(self, request: OpenAIRequest, answer: Answer, part: Part) -> list[dict[str, Any]]:
        """Return what is new; the last one has counts and times too."""
        return [_counts(answer, part) if part.ending is None else self.whole(request, answer, part)]


class InfillProtocol(_LlamaCppProtocol):
    """``POST /infill``: ``prompt`` is the text of the current line, the prefix all before it."""

    path = "/infill"

    def parse(self, body: bytes) -> OpenAIRequest:
        """Return the request of a JSON body."""
        fields = validate(_SCHEMA, parse_json(body), "the request", InvalidRequest)
        tokens = fields.get("n_predict")
        limit = _DEFAULT_MAX_TOKENS if tokens is None else int(tokens)
        return OpenAIRequest(
            prompt=(fields.get("input_prefix") or "") + (fields.get("prompt") or ""),
            model=fields.get("model") or "",
            suffix=fields.get("input_suffix") or "",
            max_tokens=NO_LIMIT if limit < 0 else min(limit, NO_LIMIT),
            stop=stop_texts(fields.get("stop")),
            stream=bool(fields.get("stream")),
            fill=True,
            extra=tuple(one["text"] for one in fields.get("input_extra") or () if one["text"]),
        )

    def to_json(self, request: OpenAIRequest) -> bytes:
        """Return the JSON body of a request."""
        body = {
            "input_prefix": request.prompt,
            "input_suffix": request.suffix,
            "input_extra": [{"text": text} for text in request.extra],
            "n_predict": request.max_tokens,
            "stop": request.stop,
            "stream": request.stream,
            "model": request.model,
        }
        return dump(body).encode("ascii")


class CompletionProtocol(_LlamaCppProtocol):
    """``POST /completion``: a prompt, with the markers of a family where it is to be filled in."""

    path = "/completion"

    def parse(self, body: bytes) -> OpenAIRequest:
        """Return the request of a JSON body."""
        return parse_openai_request(body, _DEFAULT_MAX_TOKENS)

    def to_json(self, request: OpenAIRequest) -> bytes:
        """Return the JSON body of a request."""
        names = ("prompt", "suffix", "model", "stop", "stream")
        body = {name: getattr(request, name) for name in names}
        return dump(body | {"n_predict": request.max_tokens}).encode("ascii")


def props_body(model: str, context_window: int, slots: int) -> dict[str, Any]:
    """Return the body of ``GET /props``.

    Parameters
    ----------
    model
        Name of the model.
    context_window
        Of the model, in tokens.
    slots
        Number of requests that run at once.
    """
    return {
        "default_generation_settings": {"n_ctx": context_window, "temperature": 0.0},
        "total_slots": slots,
        "model_alias": model,
        # Not a path of this machine.
        "model_path": model,
        "modalities": {"vision": False, "audio": False},
        "is_sleeping": False,
    }


def _counts(answer: Answer, part: Part) -> dict[str, Any]:
    return {
        "index": 0,
        "content": part.text,
        "tokens": [],
        "id_slot": 0,
        "stop": part.ending is not None,
        "tokens_predicted": part.tokens,
        "tokens_evaluated": answer.prompt_tokens,
    }


def _timings(answer: Answer, part: Part) -> dict[str, Any]:
    return {
        **_times("prompt", answer.prompt_tokens, answer.prompt_ms),
        **_times("predicted", part.tokens, answer.predicted_ms),
    }


def _times(name: str, tokens: int, milliseconds: float) -> dict[str, Any]:
    return {
        f"{name}_n": tokens,
        f"{name}_ms": round(milliseconds, 3),
        f"{name}_per_token_ms": round(milliseconds / tokens, 3) if tokens else 0.0,
        f"{name}_per_second": round(1000 * tokens / milliseconds, 3) if milliseconds else 0.0,
    }


INFILL = InfillProtocol()
COMPLETION = CompletionProtocol()
