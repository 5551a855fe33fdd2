"""Reads projects in a thread of its own, so that the server goes on."""

from __future__ import annotations

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_safecoder.errors import QueueFull
from jupyter_safecoder.ignore_files import IgnoredDocuments

from .context_request import ContextRequest, ProjectContext
from .project_files import ProjectFiles

if TYPE_CHECKING:
    from .project_context import ProjectContexts

#: Requests that wait for the thread; a page sends one at a time.
_MAX_WAITING = 8


class ProjectReader:
    """Describes projects to one request after the other.

    Parameters
    ----------
    contents
        The server's contents manager: only if it keeps its files in a directory, there are any.
    """

    def __init__(self, contents: Any) -> None:
        self._contents = contents
        # Others have a root directory that means nothing.
        self._root = os.path.realpath(contents.root_dir) if _has_files(contents) else ""
        self._contexts: ProjectContexts | None = None
        self._ignored = IgnoredDocuments(Path(self._root))
        self._thread = ThreadPoolExecutor(1, "safecoder-project")
        self._waiting = 0

    async def describe(self, request: ContextRequest) -> ProjectContext:
        """Return what the project of a notebook adds to its prompts.

        Parameters
        ----------
        request
            The notebook.

        Raises
        ------
        QueueFull
            If too many requests wait.
        """
        if not self._root:
            return ProjectContext()
        if self._waiting >= _MAX_WAITING:
            raise QueueFull("Too many notebooks ask for their project at once.", 1.0)
        allow_hidden = bool(self._contents.allow_hidden)
        files = ProjectFiles(self._root, self._ignored, allow_hidden=allow_hidden)
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(
                self._thread, self._describe, request, files
            )
        finally:
            self._waiting -= 1

    def _describe(self, request: ContextRequest, files: ProjectFiles) -> ProjectContext:
        # Not at the start of a server, whose users may open no notebook.
        from .project_context import ProjectContexts

        if self._contexts is None:
            self._contexts = ProjectContexts()
        return self._contexts.describe(request, files)

    def close(self) -> None:
        """Drop the requests that wait."""
        self._thread.shutdown(wait=False, cancel_futures=True)


def _has_files(contents: Any) -> bool:
    return hasattr(contents, "_get_os_path")
