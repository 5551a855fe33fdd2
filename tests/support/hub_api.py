"""A server that answers as JupyterHub's API does when it is asked for the owner of a token."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest
from tornado import web
from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port

from jupyter_safecoder.hub.constants import COMPLETE, access_scope

ACCESS = access_scope("safecoder")


def user_model(name: str, groups: list[str], *scopes: str, kind: str = "user") -> dict[str, Any]:
    """Return JupyterHub's model of a user; without scopes, with those that completing needs."""
    return {
        "kind": kind,
        "name": name,
        "groups": groups,
        "scopes": list(scopes or (ACCESS, COMPLETE)),
    }


class _UserHandler(web.RequestHandler):
    def initialize(self, owners: Mapping[str, dict[str, Any]], status: int) -> None:
        self._owners = owners
        self._status = status

    def get(self) -> None:
        token = self.request.headers["Authorization"].partition(" ")[2]
        if self._status != 200:
            self.set_status(self._status)
        elif token not in self._owners:
            self.set_status(403)
        else:
            self.finish(json.dumps(self._owners[token]))


@asynccontextmanager
async def hub_api(
    monkeypatch: pytest.MonkeyPatch, owners: Mapping[str, dict[str, Any]], status: int = 200
) -> AsyncIterator[None]:
    """Serve the owners of tokens, and set the environment of a service of that JupyterHub.

    Parameters
    ----------
    monkeypatch
        Sets the environment.
    owners
        Models of users by token.
    status
        Status of all answers, unless it is 200.
    """
    listener, port = bind_unused_port()
    arguments = {"owners": owners, "status": status}
    server = HTTPServer(web.Application([("/hub/api/user", _UserHandler, arguments)]))
    server.add_socket(listener)
    monkeypatch.setenv("JUPYTERHUB_API_URL", f"http://127.0.0.1:{port}/hub/api")
    monkeypatch.setenv("JUPYTERHUB_API_TOKEN", "x" * 32)
    monkeypatch.setenv("JUPYTERHUB_SERVICE_NAME", "safecoder")
    try:
        yield
    finally:
        server.stop()
        await server.close_all_connections()
