"""The endpoint by which a notebook asks for what its project adds to its prompts."""

from __future__ import annotations

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

from jupyter_core.utils import ensure_async
from jupyter_server.auth.decorator import authorized
from tornado import web

from jupyter_safecoder.errors import QueueFull, RequestDenied
from jupyter_safecoder.http.handlers import parse_body
from jupyter_safecoder.ignore import IgnoreRules

from .handlers import BodyHandler
from .project_context import ContextRequest, ProjectContext, ProjectContexts, parse_context_request
from .project_files import ProjectFiles

#: A notebook sends what imports something and what is at hand.
_MAX_BODY_BYTES = 512_000
#: Requests that wait for the thread; a page sends one at a time.
_MAX_WAITING = 8


class ProjectReader:
    """Reads projects in a thread of its own, one request after the other."""

    def __init__(self) -> None:
        self._contexts = ProjectContexts()
        self._rules = IgnoreRules()
        self._thread = ThreadPoolExecutor(1, "safecoder-project")
        self._waiting = 0

    async def describe(
        self, request: ContextRequest, root: str, *, allow_hidden: bool
    ) -> ProjectContext:
        """Return what the project of a notebook adds to its prompts.

        Parameters
        ----------
        request
            The notebook.
        root
            The server's root directory.
        allow_hidden
            Whether the contents manager shows hidden files.

        Raises
        ------
        QueueFull
            If too many requests wait.
        """
        if self._waiting >= _MAX_WAITING:
            raise QueueFull("Too many notebooks ask for their project at once.", 1.0)
        self._waiting += 1
        try:
            files = ProjectFiles(root, self._rules, allow_hidden=allow_hidden)
            return await asyncio.get_running_loop().run_in_executor(
                self._thread, self._contexts.describe, request, files
            )
        finally:
            self._waiting -= 1

    def close(self) -> None:
        """Drop the requests that wait."""
        self._thread.shutdown(wait=False, cancel_futures=True)


class ContextHandler(BodyHandler):
    """``POST context``: modules and snippets for the prompts of a notebook."""

    @property
    def max_body_bytes(self) -> int:
        """Maximum size of the body."""
        return _MAX_BODY_BYTES

    async def authorize(self) -> None:
        """Refuse users who may not read the files of this server.

        Raises
        ------
        RequestDenied
            If there is no user, or the user may not.
        """
        await super().authorize()
        may_read = await ensure_async(
            self.authorizer.is_authorized(self, self.current_user, "read", "contents")
        )
        if not may_read:
            raise RequestDenied(
                403, "You are not allowed to read files of this server.", "Ask its administrator."
            )

    @web.authenticated
    @authorized("execute")  # type: ignore[untyped-decorator]
    async def post(self) -> None:
        """Respond with the modules and the snippets."""
        await self.respond(self._describe)

    async def _describe(self, body: bytes) -> None:
        request = await parse_body(body, parse_context_request)
        contents: Any = self.contents_manager
        # A contents manager that keeps its files elsewhere has no directory.
        root = getattr(contents, "root_dir", "") if hasattr(contents, "_get_os_path") else ""
        context = ProjectContext()
        if root:
            reader = cast(ProjectReader, self.settings["safecoder_project"])
            context = await reader.describe(request, root, allow_hidden=bool(contents.allow_hidden))
        self.set_header("Content-Type", "application/json")
        self.finish(json.dumps(context.to_json()))
