"""The request for a completion, and how it is read from JSON."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from typing import Any, Literal

from jupyter_safecoder.errors import InvalidRequest
from jupyter_safecoder.validation import parse_json, validate

from .attribution import LicenseRules
from .encoding import dump
from .json_schema import PROTOCOL_VERSION, schema

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

#: Many more than the values of a request with as many cells as the schema allows.
_MAX_VALUES = 50_000


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
        Whether a keystroke caused the request, or a user asked for it; ``prefetch`` and ``warm``
        are requests in advance.
    inspect
        Whether to return what the model was sent, too.
    alternatives
        Maximum number of other completions, instead of the most probable one.
    licenses
        Rules that hold beside those of the runtime: of two actions, the stricter one counts.
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
    licenses: LicenseRules | None = None

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
        return dump({"version": PROTOCOL_VERSION, **asdict(self), "options": options})


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
    if "licenses" in data["options"]:
        data["options"]["licenses"] = LicenseRules.from_json(data["options"]["licenses"])
    data["options"] = CompletionOptions(**data["options"])
    return CompletionRequest(**data)


@cache
def _request_schema() -> dict[str, Any]:
    definitions = schema()["definitions"]
    parts = {name: definitions[name] for name in ("Cell", "KernelName", "Excerpt")}
    return {**definitions["CompletionRequest"], "definitions": parts}
