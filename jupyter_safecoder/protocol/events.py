"""The events of a response, one a line of NDJSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass

from jupyter_safecoder.errors import SafeCoderError

from .attribution import Attribution
from .encoding import dump
from .inspection import Inspection


@dataclass(frozen=True)
class Queued:
    """The request is in the queue; position 1 is next."""

    position: int
    event: str = "queued"


@dataclass(frozen=True)
class Text:
    """The whole text to insert so far; the first event has the number of prompt tokens.

    ``unconfirmed`` is all that the model has written, if a part of it is held back: only what the
    user types is compared with it, so that the request goes on if that agrees.
    """

    text: str
    tokens: int
    prompt_tokens: int | None = None
    unconfirmed: str | None = None
    event: str = "text"


@dataclass(frozen=True)
class Done:
    """The final text, with its token counts and its times in milliseconds.

    ``attribution`` is ``None`` if nothing of the text is known to be from elsewhere,
    ``first_line_logprob`` is ``None`` if the engine knows no log-probabilities, ``inspection`` if
    it was not asked for or is not allowed, and ``alternatives`` if none were requested or the
    engine cannot compute them.
    """

    text: str
    finish_reason: str
    layout: str
    model: str
    prompt_tokens: int
    completion_tokens: int
    ttft_ms: float | None
    total_ms: float
    raw_text: str | None = None
    first_line_logprob: float | None = None
    inspection: Inspection | None = None
    alternatives: tuple[str, ...] | None = None
    attribution: tuple[Attribution, ...] | None = None
    event: str = "done"


@dataclass(frozen=True)
class Error:
    """Why there is no completion, and what to do about it."""

    code: str
    message: str
    remedy: str = ""
    retry_after_s: float | None = None
    event: str = "error"

    @classmethod
    def from_exception(cls, error: SafeCoderError) -> Error:
        """Return the error of an exception."""
        return cls(error.code, error.reason, error.remedy, error.retry_after_s)


Event = Queued | Text | Done | Error

_EVENTS: dict[str, Callable[..., Event]] = {
    "queued": Queued,
    "text": Text,
    "done": Done,
    "error": Error,
}


def encode_event(event: Event) -> bytes:
    """Return the NDJSON line of an event."""
    return dump({k: v for k, v in asdict(event).items() if v is not None or k == "ttft_ms"}) + b"\n"


def decode_event(line: str | bytes) -> Event:
    """Return the event of one NDJSON line.

    Raises
    ------
    ValueError
        If the line is not an event of this protocol.
    """
    try:
        data = json.loads(line)
        if (inspection := data.get("inspection")) is not None:
            data["inspection"] = Inspection.from_json(inspection)
        if (attribution := data.get("attribution")) is not None:
            data["attribution"] = tuple(Attribution(**one) for one in attribution)
        return _EVENTS[data["event"]](**data)
    except (TypeError, KeyError, ValueError, AttributeError) as error:
        raise ValueError("The line is not an event of the SafeCoder protocol.") from error
