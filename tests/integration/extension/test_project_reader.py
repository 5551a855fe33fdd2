"""The endpoint for what a project adds, in a real Jupyter server."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from jupyter_server.auth.authorizer import Authorizer
from jupyter_server.auth.identity import User
from jupyter_server.base.handlers import JupyterHandler
from tornado.httpclient import HTTPClientError

from jupyter_safecoder.engines.scripted import write_scripted_model
from jupyter_safecoder.errors import QueueFull
from jupyter_safecoder.extension.context_request import ContextRequest, ProjectContext
from jupyter_safecoder.extension.project_reader import ProjectReader
from tests.support.processes import run_python
from tests.support.team_notebooks import write_notebook

Fetch = Callable[..., Any]
REQUEST = ContextRequest("a.ipynb", ("import local",), "local.")


class NoContents(Authorizer):
    """Allows everything but to read files."""

    def is_authorized(
        self, handler: JupyterHandler, user: User, action: str, resource: str
    ) -> bool:
        return resource != "contents"


@pytest.fixture
def jp_server_config(tmp_path: Path, request: pytest.FixtureRequest) -> dict[str, Any]:
    model = write_scripted_model(tmp_path / "model", {"otherwise": "pass"})
    server = {"jpserver_extensions": {"jupyter_safecoder": True}, **getattr(request, "param", {})}
    return {"ServerApp": server, "SafeCoder": {"engine": "scripted", "model": str(model)}}


def _body(**change: Any) -> bytes:
    body = {"version": 2, "path": "a.ipynb", "cells": ["import local"], "current": "local."}
    return json.dumps({**body, **change}).encode()


async def _post(fetch: Fetch, body: bytes) -> Any:
    answer = await fetch("jupyter-safecoder", "context", method="POST", body=body)
    return json.loads(answer.body)


def _write_project(root: Path) -> None:
    write_notebook(root / "a.ipynb", "import local")
    (root / "local.py").write_text("def load(path): pass\n", "utf-8")


async def test_the_modules_of_a_notebook(jp_fetch: Fetch, jp_root_dir: Path) -> None:
    _write_project(jp_root_dir)
    expected = {
        "version": 2,
        "modules": [{"path": "local.py", "text": "def load(path): ...\n"}],
        "files": [],
    }
    assert await _post(jp_fetch, _body()) == expected
    assert await _post(jp_fetch, _body(path="RTC:a.ipynb")) == expected
    assert (await _post(jp_fetch, _body(path="../a.ipynb")))["modules"] == []
    assert (await _post(jp_fetch, _body(path="S3:a.ipynb")))["modules"] == []


@pytest.mark.parametrize(
    ("body", "status"), [(b"{", 400), (_body(version=1), 400), (_body(current="x" * 600_000), 413)]
)
async def test_what_is_refused(jp_fetch: Fetch, body: bytes, status: int) -> None:
    with pytest.raises(HTTPClientError) as raised:
        await _post(jp_fetch, body)
    assert raised.value.code == status


@pytest.mark.parametrize("jp_server_config", [{"authorizer_class": NoContents}], indirect=True)
async def test_users_who_must_not_read_files_get_nothing_of_them(
    jp_fetch: Fetch, jp_root_dir: Path
) -> None:
    _write_project(jp_root_dir)
    with pytest.raises(HTTPClientError) as raised:
        await _post(jp_fetch, _body())
    assert raised.value.code == 403


def _contents(root: Path, **fields: Any) -> Any:
    return SimpleNamespace(root_dir=str(root), allow_hidden=False, **fields)


async def test_a_contents_manager_that_keeps_its_files_elsewhere(tmp_path: Path) -> None:
    _write_project(tmp_path)
    reader = ProjectReader(_contents(tmp_path))
    assert await reader.describe(REQUEST) == ProjectContext()
    reader.close()


async def test_too_many_requests_are_refused(tmp_path: Path) -> None:
    _write_project(tmp_path)
    reader = ProjectReader(_contents(tmp_path, _get_os_path=str))
    answers = await asyncio.gather(
        *(reader.describe(REQUEST) for _ in range(20)), return_exceptions=True
    )
    refused = [answer for answer in answers if isinstance(answer, QueueFull)]
    described = [answer for answer in answers if isinstance(answer, ProjectContext)]
    assert len(refused) == 12
    assert [len(answer.modules) for answer in described] == [1] * 8
    assert len((await reader.describe(REQUEST)).modules) == 1
    reader.close()


def test_reading_a_project_imports_nothing_heavy() -> None:
    code = (
        "import json, sys, jupyter_safecoder.extension.project_context; "
        "print(json.dumps(sorted(sys.modules)))"
    )
    modules = set(json.loads(run_python(code).stdout))
    assert not {"torch", "transformers", "openvino", "numpy", "datasketch"} & modules
