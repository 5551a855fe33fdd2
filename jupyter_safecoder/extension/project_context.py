"""What the project of a notebook adds to its prompts: modules, and snippets of other documents."""

from __future__ import annotations

import posixpath
import time
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import replace

from jupyter_safecoder.context import (
    Document,
    Outline,
    decode_source,
    describe_documents,
    describe_modules,
    mentioned_names,
    read_document,
    read_outline,
    without_secrets,
)
from jupyter_safecoder.protocol import Excerpt

from .context_request import ContextRequest, ProjectContext
from .file_cache import FileCache
from .project_files import ProjectFile, ProjectFiles

#: A larger file is not read. Of a larger script than the second number, the first lines are.
_MAX_NOTEBOOK_BYTES, _MAX_SCRIPT_BYTES = 10 * 2**20, 2**20
#: Other documents of which snippets are picked: open ones first, then those edited last.
_MAX_OPEN, _MAX_RECENT = 10, 20
#: Seconds after which no more files are read.
_MAX_S = 2.0
#: Notebooks whose names are remembered, and names of each.
_MAX_NOTEBOOKS, _MAX_MENTIONED = 20, 2_000
#: Characters that are kept of outlines, and of documents, whose words take ten times as much.
_MAX_OUTLINES, _MAX_DOCUMENTS = 2_000_000, 1_500_000


class ProjectContexts:
    """Describes the projects of notebooks; what was read is kept by modification time.

    Used by one thread at a time.
    """

    def __init__(self) -> None:
        self._outlines: FileCache[Outline] = FileCache(_MAX_OUTLINES)
        self._documents: FileCache[Document] = FileCache(_MAX_DOCUMENTS)
        self._mentioned: OrderedDict[str, set[str]] = OrderedDict()

    def describe(self, request: ContextRequest, files: ProjectFiles) -> ProjectContext:
        """Return what the project of a notebook adds to its prompts.

        Parameters
        ----------
        request
            The notebook.
        files
            The files of the server.
        """
        # It may be hidden, excluded, deleted, or kept elsewhere by another contents manager.
        if files.find(request.path) is None:
            return ProjectContext()
        until = time.monotonic() + _MAX_S
        directory = posixpath.dirname(request.path)
        top = files.project_top(directory)
        modules: list[Excerpt] = []

        def outline(path: str) -> Outline | None:
            found = files.find(path) if time.monotonic() < until else None
            return self._outline(found, files) if found is not None else None

        imported: set[str] = set()
        for module in describe_modules(
            [*request.cells, request.current],
            outline,
            directory=directory,
            top=top or "",
            mentioned_before=self._mentioned_before(request),
        ):
            imported.add(module.path)
            path = posixpath.relpath(module.path, directory or ".")
            modules.append(Excerpt(path, without_secrets(module.text)))
        documents: list[Document] = []
        if request.files:
            own = {request.path, *imported}
            recent_top = directory if top is None else top
            for path in _candidates(request, files, recent_top, own):
                found = files.find(path) if time.monotonic() < until else None
                if found is not None and (document := self._document(found, files)) is not None:
                    documents.append(document)
        snippets = describe_documents(request.cells, request.current, documents)
        return ProjectContext(
            tuple(modules) if request.modules else (),
            tuple(
                replace(one, path=posixpath.relpath(one.path, directory or ".")) for one in snippets
            ),
        )

    def _mentioned_before(self, request: ContextRequest) -> set[str]:
        """Return the names that the notebook has mentioned, and remember those of the request."""
        names = mentioned_names([*request.cells, request.current])
        before = self._mentioned.pop(request.path, set())
        ever = before | names
        self._mentioned[request.path] = ever if len(ever) <= _MAX_MENTIONED else names
        while len(self._mentioned) > _MAX_NOTEBOOKS:
            self._mentioned.popitem(last=False)
        return before

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
