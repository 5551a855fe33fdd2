"""Every endpoint of the extension requires authentication and authorization."""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from jupyter_server.auth.authorizer import Authorizer
from jupyter_server.auth.identity import User
from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.serverapp import ServerApp
from tornado.httpclient import HTTPClientError

from jupyter_safecoder.engines.scripted import write_scripted_model
from jupyter_safecoder.protocol import CompletionRequest, Done, Exclusion, decode_event

ENDPOINTS = [
    ("GET", "status", None),
    ("POST", "start", b""),
    ("POST", "completions", CompletionRequest("x = ", "").to_json()),
    ("POST", "context", b'{"version": 2, "path": "a.ipynb", "cells": [], "current": "x"}'),
    ("GET", "exclusion", None),
    ("GET", "models", None),
    ("POST", "model", b'{"model": "auto"}'),
    ("POST", "restart", b""),
    ("GET", "about", None),
    ("GET", "privacy", None),
    ("POST", "forget", b""),
    ("GET", "adapters", None),
    ("POST", "adapter", b'{"adapter": ""}'),
    ("GET", "jobs", None),
    ("GET", "suggestion-events", None),
    ("POST", "suggestion-events", b'{"events": []}'),
    ("GET", "v1/models", None),
    ("GET", "v1/models/name", None),
    ("POST", "v1/completions", b'{"prompt": "x = "}'),
    ("POST", "kernels/00000000-0000-0000-0000-000000000000/names", b"{}"),
    ("POST", "v1/fim/completions", b'{"prompt": "x = "}'),
    ("POST", "infill", b'{"input_prefix": "x = "}'),
    ("POST", "completion", b'{"prompt": "x = "}'),
    ("GET", "health", None),
    ("GET", "props", None),
]
Fetch = Callable[..., Any]


class DenyAll(Authorizer):
    """Denies every user everything of ours."""

    def is_authorized(
        self, handler: JupyterHandler, user: User, action: str, resource: str
    ) -> bool:
        return resource != "safecoder"


class ReadOnly(Authorizer):
    """Allows users to read."""

    def is_authorized(
        self, handler: JupyterHandler, user: User, action: str, resource: str
    ) -> bool:
        return action == "read"


def _body(error: HTTPClientError) -> bytes:
    assert error.response is not None
    return error.response.body


@pytest.fixture
def jp_server_config(tmp_path: Path, request: pytest.FixtureRequest) -> dict[str, Any]:
    model = write_scripted_model(tmp_path / "model", {"otherwise": "pass"})
    server = {
        "allow_unauthenticated_access": False,
        "jpserver_extensions": {"jupyter_safecoder": True},
        **getattr(request, "param", {}),
    }
    return {"ServerApp": server, "SafeCoder": {"engine": "scripted", "model": str(model)}}


def _extension(app: ServerApp) -> Any:
    (extension,) = app.extension_manager.extension_apps["jupyter_safecoder"]
    return extension


def test_every_endpoint_is_tested(jp_serverapp: ServerApp) -> None:
    routes = [handler[0] for handler in _extension(jp_serverapp).handlers]
    own = [route for route in routes if "static" not in route]
    tested = {path for _, path, _ in ENDPOINTS}
    assert len(own) == len(tested)
    assert all(any(re.fullmatch(route, f"/jupyter-safecoder/{t}") for route in own) for t in tested)


def test_the_server_finds_no_unprotected_method(
    jp_configurable_serverapp: Callable[[], ServerApp],
) -> None:
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        app = jp_configurable_serverapp()
    of_ours = [str(warning.message) for warning in found if "safecoder" in str(warning.message)]
    assert _extension(app)
    assert of_ours == []


@pytest.mark.parametrize(("method", "path", "body"), ENDPOINTS)
@pytest.mark.parametrize("token", [None, "wrong"])
async def test_requests_without_the_server_s_token(
    jp_serverapp: ServerApp,
    jp_base_url: str,
    http_server_client: Any,
    method: str,
    path: str,
    body: bytes | None,
    token: str | None,
) -> None:
    headers = {"Authorization": f"token {token}"} if token else {}
    with pytest.raises(HTTPClientError) as raised:
        await http_server_client.fetch(
            f"{jp_base_url}jupyter-safecoder/{path}", method=method, body=body, headers=headers
        )
    assert raised.value.code in (401, 403)
    assert not _extension(jp_serverapp).supervisor.running


@pytest.mark.parametrize(("method", "path", "body"), ENDPOINTS)
@pytest.mark.parametrize("jp_server_config", [{"authorizer_class": DenyAll}], indirect=True)
async def test_an_authorizer_that_denies(
    jp_fetch: Fetch, method: str, path: str, body: bytes | None
) -> None:
    with pytest.raises(HTTPClientError) as raised:
        await jp_fetch("jupyter-safecoder", path, method=method, body=body)
    assert raised.value.code == 403
    assert b"Traceback" not in _body(raised.value)


@pytest.mark.parametrize("jp_server_config", [{"authorizer_class": ReadOnly}], indirect=True)
async def test_a_user_with_read_access_sees_the_status(jp_fetch: Fetch) -> None:
    answer = await jp_fetch("jupyter-safecoder", "status")
    assert json.loads(answer.body)["state"] == "off"
    for method, path, body in (endpoint for endpoint in ENDPOINTS if endpoint[0] == "POST"):
        with pytest.raises(HTTPClientError) as raised:
            await jp_fetch("jupyter-safecoder", path, method=method, body=body)
        assert raised.value.code == 403


async def test_reading_is_no_activity_and_completing_is(
    jp_serverapp: ServerApp, jp_fetch: Fetch
) -> None:
    """Cullers of idle servers, and a JupyterHub, ask for the time of the last activity."""

    last_activity: Callable[[], Any] = jp_serverapp.web_app.last_activity

    async def moves(method: str, path: str, body: bytes | None) -> bool:
        before = last_activity()
        with suppress(HTTPClientError):  # there is no runtime yet
            await jp_fetch("jupyter-safecoder", path, method=method, body=body)
        return bool(last_activity() > before)

    for method, path, body in ENDPOINTS:
        # A kernel is asked after an execution, which counts by itself.
        counts = method == "POST" and not path.startswith("kernels/")
        assert await moves(method, path, body) == counts, path


async def test_no_other_site_can_read_a_response(
    jp_serverapp: ServerApp, jp_base_url: str, http_server_client: Any
) -> None:
    """With a user's cookie; a request with the token comes from a program that has it."""
    answer = await http_server_client.fetch(
        f"{jp_base_url}tree?token={jp_serverapp.identity_provider.token}",
        follow_redirects=False,
        raise_error=False,
    )
    cookies = "; ".join(c.partition(";")[0] for c in answer.headers.get_list("Set-Cookie"))
    assert cookies
    answer = await http_server_client.fetch(
        f"{jp_base_url}jupyter-safecoder/status",
        headers={"Cookie": cookies, "Origin": "https://other.example"},
        raise_error=False,
    )
    assert answer.code in (200, 403, 404)
    assert not [name for name in answer.headers if name.lower().startswith("access-control")]


async def test_a_page_of_another_site_is_refused(
    jp_serverapp: ServerApp, jp_fetch: Fetch, jp_base_url: str, http_server_client: Any
) -> None:
    """With a user's cookie, without the page's token: a forged request."""
    answer = await http_server_client.fetch(
        f"{jp_base_url}tree?token={jp_serverapp.identity_provider.token}",
        follow_redirects=False,
        raise_error=False,
    )
    cookies = "; ".join(c.partition(";")[0] for c in answer.headers.get_list("Set-Cookie"))
    assert cookies
    with pytest.raises(HTTPClientError) as raised:
        await http_server_client.fetch(
            f"{jp_base_url}jupyter-safecoder/start",
            method="POST",
            body=b"",
            headers={"Cookie": cookies, "Origin": "https://elsewhere.example"},
        )
    assert raised.value.code in (403, 404)


async def test_a_safecoderignore_excludes_a_document(
    jp_serverapp: ServerApp, jp_fetch: Fetch, jp_root_dir: Path
) -> None:
    async def ask(path: str) -> Exclusion:
        answer = await jp_fetch("jupyter-safecoder", "exclusion", params={"path": path})
        return Exclusion(**json.loads(answer.body))

    async def complete(path: str) -> str:
        body = CompletionRequest("x = ", "", path=path).to_json()
        answer = await jp_fetch("jupyter-safecoder", "completions", method="POST", body=body)
        assert answer.headers["Content-Type"] == "application/x-ndjson"
        done = decode_event(answer.body)
        assert isinstance(done, Done)
        return done.finish_reason

    assert await ask("private/a b.ipynb") == Exclusion()
    (jp_root_dir / ".safecoderignore").write_text("private/\n")
    excluded = await ask("private/a b.ipynb")
    assert excluded.excluded
    assert excluded.reason.startswith("Off by .safecoderignore")
    assert await complete("private/a b.ipynb") == "excluded"
    assert await complete("RTC:private/a b.ipynb") == "excluded"
    # Nothing was relayed: no runtime has started for it.
    assert not _extension(jp_serverapp).supervisor.running
    assert await ask("other.ipynb") == Exclusion()


@pytest.mark.parametrize("body", [b"", b"[]", b'{"path": 3}', b"{", b'"path"', b"[" * 100_000])
async def test_what_has_no_path_goes_to_the_runtime(
    jp_serverapp: ServerApp, jp_fetch: Fetch, jp_root_dir: Path, body: bytes
) -> None:
    (jp_root_dir / ".safecoderignore").write_text("*\n")
    with pytest.raises(HTTPClientError) as raised:
        await jp_fetch("jupyter-safecoder", "completions", method="POST", body=body)
    assert raised.value.code == 503
    assert _extension(jp_serverapp).supervisor.running
