"""What the project of a notebook adds to its prompts: modules, and snippets of other documents."""

from __future__ import annotations

import posixpath
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from jupyter_safecoder.context import (
    Described,
    Document,
    Outline,
    decode_source,
    describe_documents,
    describe_modules,
    read_document,
    read_outline,
    without_secrets,
)
from jupyter_safecoder.errors import InvalidRequest
from jupyter_safecoder.protocol import PROTOCOL_VERSION
from jupyter_safecoder.validation import parse_json, validate

from .file_cache import FileCache
from .project_files import ProjectFile, ProjectFiles

#: A larger file is not read. Of a larger script than the second number, the first lines are.
_MAX_NOTEBOOK_BYTES, _MAX_SCRIPT_BYTES = 10 * 2**20, 2**20
#: Other documents of which snippets are picked: open ones first, then those edited last.
_MAX_OPEN, _MAX_RECENT = 10, 20
#: Seconds after which no more files are read.
_MAX_S = 2.0
#: Characters that are kept of outlines, and of documents, whose words take ten times as much.
_MAX_OUTLINES, _MAX_DOCUMENTS = 2_000_000, 1_500_000
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
        Sources of code cells above the current one: those that import something, and those at hand.
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
    """Stubs of the modules that a notebook imports, and snippets of other documents."""

    modules: tuple[Described, ...] = ()
    files: tuple[Described, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object of a response."""
        return {"version": PROTOCOL_VERSION, **asdict(self)}


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


class ProjectContexts:
    """Describes the projects of notebooks; what was read is kept by modification time.

    Used by one thread at a time.
    """

    def __init__(self) -> None:
        self._outlines: FileCache[Outline] = FileCache(_MAX_OUTLINES)
        self._documents: FileCache[Document] = FileCache(_MAX_DOCUMENTS)

    def describe(self, request: ContextRequest, files: ProjectFiles) -> ProjectContext:
        """Return what the project of a notebook adds to its prompts.

        Parameters
        ----------
        request
            The notebook.
        files
            The files of the server.
        """
        if not files.is_allowed(request.path):
            return ProjectContext()
        until = time.monotonic() + _MAX_S
        directory = posixpath.dirname(request.path)
        top = files.project_top(directory)
        modules: list[Described] = []

        def outline(path: str) -> Outline | None:
            found = files.find(path) if time.monotonic() < until else None
            return self._outline(found, files) if found is not None else None

        imported: set[str] = set()
        for module in describe_modules(
            [*request.cells, request.current], outline, directory=directory, top=top or ""
        ):
            imported.add(module.path)
            modules.append(Described(module.path, without_secrets(module.text)))
        documents: list[Document] = []
        if request.files:
            own = {request.path, *imported}
            recent_top = directory if top is None else top
            for path in _candidates(request, files, recent_top, own):
                found = files.find(path) if time.monotonic() < until else None
                if found is not None and (document := self._document(found, files)) is not None:
                    documents.append(document)
        return ProjectContext(
            tuple(modules) if request.modules else (),
            tuple(describe_documents(request.cells, request.current, documents)),
        )

    def _outline(self, file: ProjectFile, files: ProjectFiles) -> Outline | None:
        def make() -> Outline | None:
            text = _script(file, files)
            return None if text is None else read_outline(text)

        return self._outlines.get(file.real_path, file.signature, make)

    def _document(self, file: ProjectFile, files: ProjectFiles) -> Document | None:
        def make() -> Document | None:
            text = _notebook(file, files) if file.path.endswith(".ipynb") else _script(file, files)
            return None if text is None else read_document(file.path, text)

        return self._documents.get(file.path, file.signature, make)


def _candidates(
    request: ContextRequest, files: ProjectFiles, top: str, own: set[str]
) -> Iterator[str]:
    """Yield the paths of other documents, each once."""
    seen = set(own)
    for path in (*request.open[:_MAX_OPEN], *files.recent(top, _MAX_RECENT + len(own))):
        if path not in seen:
            seen.add(path)
            yield path


def _script(file: ProjectFile, files: ProjectFiles) -> str | None:
    data = files.read(file, _MAX_SCRIPT_BYTES)
    if len(data) == _MAX_SCRIPT_BYTES:
        # Not in the middle of a character.
        data = data[: data.rfind(b"\n") + 1]
    return decode_source(data)


def _notebook(file: ProjectFile, files: ProjectFiles) -> str | None:
    if file.size > _MAX_NOTEBOOK_BYTES:
        return None
    data = files.read(file, _MAX_NOTEBOOK_BYTES + 1)
    return data.decode("utf-8-sig", "replace") if len(data) <= _MAX_NOTEBOOK_BYTES else None
