"""The request for what a project adds to the prompts of a notebook, and the response."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from jupyter_safecoder.errors import InvalidRequest
from jupyter_safecoder.protocol import PROTOCOL_VERSION, Excerpt
from jupyter_safecoder.validation import parse_json, validate

#: Drives of JupyterLab's contents manager whose files are those of the server.
_DRIVE = "RTC:"
_MAX_VALUES = 2_000
_SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "required": ["version", "path", "cells", "current"],
    "properties": {
        "version": {"const": PROTOCOL_VERSION},
        "path": {"type": "string", "maxLength": 4096},
        "cells": {"type": "array", "maxItems": 500, "items": {"type": "string"}},
        "current": {"type": "string"},
        "open": {
            "type": "array",
            "maxItems": 100,
            "items": {"type": "string", "maxLength": 4096},
            "default": [],
        },
        "modules": {"type": "boolean", "default": True},
        "files": {"type": "boolean", "default": True},
    },
}


@dataclass(frozen=True)
class ContextRequest:
    """A notebook at rest.

    Parameters
    ----------
    path
        Of the notebook, below the server's root.
    cells
        Sources of code cells above the current one: those that import something, and the nearest.
    current
        The current cell.
    open
        Paths of the other open documents, those used last first.
    modules, files
        Whether modules, and snippets of other files, are wanted.
    """

    path: str
    cells: tuple[str, ...]
    current: str
    open: tuple[str, ...] = ()
    modules: bool = True
    files: bool = True


@dataclass(frozen=True)
class ProjectContext:
    """Stubs of the modules that a notebook imports, and snippets of other documents.

    Their paths are relative to the notebook's directory.
    """

    modules: tuple[Excerpt, ...] = ()
    files: tuple[Excerpt, ...] = ()

    def to_json(self) -> str:
        """Return the JSON body of a response."""
        return json.dumps({"version": PROTOCOL_VERSION, **asdict(self)})


def parse_context_request(body: bytes) -> ContextRequest:
    """Return the request of a JSON body.

    Raises
    ------
    InvalidRequest
        If the body is not JSON, or not such a request of this protocol version.
    """
    data = parse_json(body, _MAX_VALUES)
    if not isinstance(data, dict) or data.get("version") != PROTOCOL_VERSION:
        raise InvalidRequest(
            f"The body is not a request of protocol version {PROTOCOL_VERSION}.",
            "Reload the page: its extension and that of the server must have the same version.",
        )
    data = validate(_SCHEMA, data, "the request", InvalidRequest)
    return ContextRequest(
        local_path(data["path"]),
        tuple(data["cells"]),
        data["current"],
        tuple(map(local_path, data["open"])),
        data["modules"],
        data["files"],
    )


def local_path(path: str) -> str:
    """Return a path as it is below the server's root, without the drive that it is edited in."""
    return path.removeprefix(_DRIVE).strip("/")
