"""The protocol of the lab extension, the server extension, the command line and the runtime.

``protocol.schema.json`` beside this file defines it; the classes here mirror it, and tests compare
both. Bodies are JSON. The response to a completion request is NDJSON, one event a line, whose last
line is a :class:`Done` or an :class:`Error`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from jupyter_safecoder.errors import InvalidRequest, SafeCoderError
from jupyter_safecoder.validation import parse_json, validate

PROTOCOL_VERSION = 2

#: Header with the token of the runtime's connection file.
TOKEN_HEADER = "X-SafeCoder-Token"  # noqa: S105
#: Header with the user for whom the server extension makes a request.
USER_HEADER = "X-SafeCoder-User"
#: Header with the number of prompt tokens of an OpenAI-compatible request.
PROMPT_TOKENS_HEADER = "X-SafeCoder-Prompt-Tokens"

#: Sources of a prompt besides the current cell, and the fields of a request that carry them.
SOURCES = {
    "cells": "before",
    "below": "below",
    "kernel": "kernel",
    "modules": "modules",
    "files": "files",
}

CellType = Literal["code", "markdown", "raw"]
Trigger = Literal["automatic", "explicit", "prefetch", "warm"]
#: Triggers of requests that are computed in advance, while the engine has nothing else to do.
BACKGROUND_TRIGGERS: tuple[Trigger, ...] = ("prefetch", "warm")
Suggestions = Literal["few", "balanced", "many"]
PromptSource = Literal["cells", "below", "kernel", "modules", "files", "prefix", "suffix"]
State = Literal["off", "starting", "downloading", "preparing", "loading", "ready", "busy", "failed"]


@dataclass(frozen=True)
class Cell:
    """Another cell of the notebook; ``output`` is the text of its most informative output."""

    type: CellType
    source: str
    output: str = ""


@dataclass(frozen=True)
class Column:
    """A column of a table in the kernel."""

    name: str
    dtype: str


@dataclass(frozen=True)
class KernelName:
    """A name in the kernel's namespace: what it is, never its value.

    Parameters
    ----------
    name, type
        The name, and the name of its type.
    shape
        Length in each dimension.
    columns
        Columns of a table.
    keys, fields, members
        String keys of a dictionary, fields of a dataclass, members of a module or class.
    signature
        Parameters and result of a function or class, from the opening bracket on.
    doc
        First line of the documentation.
    """

    name: str
    type: str
    shape: tuple[int, ...] = ()
    columns: tuple[Column, ...] = ()
    keys: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    signature: str = ""
    doc: str = ""
    members: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> KernelName:
        """Return the name that a valid JSON object describes."""
        lists = {key: tuple(data.get(key) or ()) for key in ("shape", "keys", "fields", "members")}
        columns = tuple(Column(**column) for column in data.get("columns") or ())
        return cls(**{**data, **lists, "columns": columns})


@dataclass(frozen=True)
class Excerpt:
    """A part of another file; ``path`` is relative to the document's folder."""

    path: str
    text: str


@dataclass(frozen=True)
class CompletionOptions:
    """Options of a completion; the runtime chooses where they are ``None``.

    Parameters
    ----------
    layout
        FIM layout of the prompt.
    max_tokens
        Maximum number of tokens to generate.
    mode
        What to complete: the rest of a line, a block, or what fits the cursor.
    raw
        Whether to return the model's own text, too.
    rules
        Whether stop rules and filters apply.
    suggestions
        How sure the model must be of what an automatic request gets.
    trigger
        Whether a keystroke caused the request, or somebody asked for it; ``prefetch`` and ``warm``
        are requests in advance.
    inspect
        Whether to return what the model was sent, too.
    alternatives
        Maximum number of other completions, instead of the most probable one.
    """

    layout: str | None = None
    max_tokens: int | None = None
    mode: Literal["auto", "line", "block"] = "auto"
    raw: bool = False
    rules: bool = True
    suggestions: Suggestions | None = None
    trigger: Trigger = "explicit"
    inspect: bool = False
    alternatives: int | None = None

    @property
    def is_background(self) -> bool:
        """Whether the request is one in advance."""
        return self.trigger in BACKGROUND_TRIGGERS


@dataclass(frozen=True)
class CompletionRequest:
    """A cursor in a cell, and what is known around it.

    Parameters
    ----------
    prefix, suffix
        Text of the current cell before and after the cursor.
    before, below
        Cells above and below the current one, in notebook order.
    kernel
        Names in the kernel, the most useful first.
    modules
        Signatures of local modules that the notebook imports, the most useful first.
    files
        Parts of other documents that are like the cell, the most useful first.
    language
        The kernel's language, or several names of it; see :func:`.language_of`.
    document
        Opaque name of the document: a newer request for it supersedes the older one.
    path
        Path of the document, which a Hub's policy may exclude; it goes into no prompt.
    options
        Options of the completion.
    """

    prefix: str
    suffix: str
    before: tuple[Cell, ...] = ()
    below: tuple[Cell, ...] = ()
    kernel: tuple[KernelName, ...] = ()
    modules: tuple[Excerpt, ...] = ()
    files: tuple[Excerpt, ...] = ()
    language: str = "python"
    document: str = ""
    path: str = ""
    options: CompletionOptions = field(default_factory=CompletionOptions)

    def only(self, sources: Iterable[str]) -> CompletionRequest:
        """Return this request with no other sources than these names of :data:`SOURCES`."""
        others: dict[str, Any] = {SOURCES[name]: () for name in SOURCES.keys() - set(sources)}
        return replace(self, **others)

    def to_json(self) -> bytes:
        """Return the JSON body of this request."""
        options = {name: value for name, value in asdict(self.options).items() if value is not None}
        return _dump({"version": PROTOCOL_VERSION, **asdict(self), "options": options})


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
class PromptSection:
    """A part of a prompt, as the model got it.

    Parameters
    ----------
    source
        What it was made of.
    text, tokens
        Its text without special tokens, and its number of tokens with them.
    cut
        Number of characters of the request that did not fit.
    left_out
        Number of cells, names or excerpts that did not fit.
    """

    source: PromptSource
    text: str
    tokens: int
    cut: int = 0
    left_out: int = 0


@dataclass(frozen=True)
class Inspection:
    """What the model was sent, and what it wrote before stop rules and filters.

    Parameters
    ----------
    sections
        Sections of the prompt, in its order.
    raw_text
        What the model wrote; empty if that was a key or password.
    queue_ms, prompt_ms
        Milliseconds in the queue, and for building the prompt.
    """

    sections: tuple[PromptSection, ...]
    raw_text: str
    queue_ms: float
    prompt_ms: float

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Inspection:
        """Return the inspection that a valid JSON object describes."""
        sections = tuple(PromptSection(**section) for section in data["sections"])
        return cls(**{**data, "sections": sections})


@dataclass(frozen=True)
class Done:
    """The final text, with its token counts and its times in milliseconds.

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


@dataclass(frozen=True)
class ModelInfo:
    """The description of the model in use."""

    name: str
    family: str
    layouts: tuple[str, ...]
    default_layout: str
    context_window: int
    languages: tuple[str, ...]
    license: str


@dataclass
class Counters:
    """Sums since the runtime started; requests in advance count in ``background`` only."""

    requests: int = 0
    completed: int = 0
    cancelled: int = 0
    failed: int = 0
    background: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0


@dataclass(frozen=True)
class Network:
    """What holds a process to its network: the kernel, or Python; and what it was refused.

    ``allowed`` are the addresses beside this machine; ``refused`` counts connections and look-ups.
    """

    denied: bool
    guarded: bool
    allowed: tuple[str, ...]
    refused: int


@dataclass(frozen=True)
class Status:
    """The state of the runtime, with its reason, for users and programs."""

    state: State
    reason: str
    remedy: str = ""
    progress: float | None = None
    queue: int = 0
    model: ModelInfo | None = None
    engine: str | None = None
    device: str | None = None
    counters: Counters = field(default_factory=Counters)
    adapter: str | None = None
    network: Network | None = None
    version: int = PROTOCOL_VERSION

    def to_json(self) -> bytes:
        """Return the JSON body of this status."""
        return _dump(asdict(self))


@dataclass(frozen=True)
class ListedModel:
    """A model of the catalogue; ``command`` gets it, and is empty if it is on this disk."""

    name: str
    purpose: str
    license: str
    here: bool
    command: str


@dataclass(frozen=True)
class Models:
    """The models that can be served, the one that was selected, and whether others are fetched."""

    models: tuple[ListedModel, ...]
    selected: str
    may_download: bool

    def to_json(self) -> bytes:
        """Return the JSON body of this list."""
        return _dump(asdict(self))


@dataclass(frozen=True)
class Exclusion:
    """Whether a ``.safecoderignore`` excludes a document, why, and what to do about it."""

    excluded: bool = False
    reason: str = ""
    remedy: str = ""

    def to_json(self) -> bytes:
        """Return the JSON body of this answer."""
        return _dump(asdict(self))


def encode_event(event: Event) -> bytes:
    """Return the NDJSON line of an event."""
    return (
        _dump({k: v for k, v in asdict(event).items() if v is not None or k == "ttft_ms"}) + b"\n"
    )


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
        return _EVENTS[data["event"]](**data)
    except (TypeError, KeyError, ValueError, AttributeError) as error:
        raise ValueError("The line is not an event of the SafeCoder protocol.") from error


def parse_status(body: str | bytes) -> Status:
    """Return the status of a JSON body.

    Raises
    ------
    ValueError
        If the body is not a status of this protocol.
    """
    try:
        data = json.loads(body)
        model = data.pop("model")
        if model is not None:
            lists = {name: tuple(model[name]) for name in ("layouts", "languages")}
            model = ModelInfo(**{**model, **lists})
        network = data.pop("network", None)
        if network is not None:
            network = Network(**{**network, "allowed": tuple(network["allowed"])})
        counters = Counters(**data["counters"])
        return Status(**{**data, "model": model, "network": network, "counters": counters})
    except (TypeError, KeyError, ValueError, AttributeError) as error:
        raise ValueError("The body is not a status of the SafeCoder protocol.") from error


#: Many more than the values of a request with as many cells as the schema allows.
_MAX_VALUES = 50_000


def parse_request(body: bytes) -> CompletionRequest:
    """Return the completion request of a JSON body, checked against the schema.

    Raises
    ------
    InvalidRequest
        If the body is not JSON, or not a request of this protocol version.
    """
    data = parse_json(body, _MAX_VALUES)
    if not isinstance(data, dict) or data.get("version") != PROTOCOL_VERSION:
        raise InvalidRequest(
            f"The body is not a request of protocol version {PROTOCOL_VERSION}.",
            "Reload the page: its extension and that of the server must have the same version.",
        )
    data = validate(_request_schema(), data, "the request", InvalidRequest)
    del data["version"]
    for cells in ("before", "below"):
        data[cells] = tuple(Cell(**cell) for cell in data[cells])
    data["kernel"] = tuple(KernelName.from_json(name) for name in data["kernel"])
    for excerpts in ("modules", "files"):
        data[excerpts] = tuple(Excerpt(**excerpt) for excerpt in data[excerpts])
    for name in ("alternatives", "max_tokens"):
        if name in data["options"]:
            # To JSON Schema 8.0 is an integer, to an engine it is not.
            data["options"][name] = int(data["options"][name])
    data["options"] = CompletionOptions(**data["options"])
    return CompletionRequest(**data)


def schema() -> dict[str, Any]:
    """Return the JSON Schema of the protocol."""
    loaded: dict[str, Any] = json.loads(
        files(__package__).joinpath("protocol.schema.json").read_text("utf-8")
    )
    return loaded


@cache
def _request_schema() -> dict[str, Any]:
    definitions = schema()["definitions"]
    parts = {name: definitions[name] for name in ("Cell", "KernelName", "Excerpt")}
    return {**definitions["CompletionRequest"], "definitions": parts}


def _dump(data: Any) -> bytes:
    # ensure_ascii: a lone surrogate is then an escape instead of an encoding error.
    return json.dumps(data, ensure_ascii=True, separators=(",", ":")).encode("ascii")


_EVENTS: dict[str, Callable[..., Event]] = {
    "queued": Queued,
    "text": Text,
    "done": Done,
    "error": Error,
}
