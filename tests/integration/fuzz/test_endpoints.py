"""Requests over HTTP to real servers: each gets an answer or a sentence, and the server runs on."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_safecoder.engines.scripted import write_scripted_model
from jupyter_safecoder.hub.access.authenticator import Authenticator
from jupyter_safecoder.hub.connections import Connections
from jupyter_safecoder.hub.handlers import make_app
from tests.support.editor_requests import REQUESTS
from tests.support.fuzzing import bodies, fuzz, is_sentence, texts
from tests.support.hub_api import hub_api, user_model
from tests.support.hub_service import make_service, served
from tests.support.jupyter_server import jupyter_server
from tests.support.processes import runtime_process, until

SCRIPT = {"otherwise": "pass"}
PREFIX = "/services/safecoder/"
COMPLETION: dict[str, Any] = {
    "version": 2,
    "prefix": "a = ",
    "suffix": "",
    "before": [{"type": "code", "source": "x"}],
    "options": {"max_tokens": 8},
}
#: Statuses of a response; 500 is none of it. Jupyter Server redirects paths that end with a slash.
ANSWERS = {200, 302, 400, 401, 403, 404, 405, 413, 429, 503}
_editors = [(request.path, request.body) for request in REQUESTS]
_posts = [("/completions", COMPLETION), *_editors, ("/model", {"model": "none"})]
_paths = st.sampled_from(
    ["/status", "/models", "/v1/models", "/health", "/props", "/settings", "/v1/fim", "/adapter"]
) | texts.map(lambda text: "/" + quote(text, safe="", errors="surrogatepass"))
requests = st.one_of(
    *(st.tuples(st.just("POST"), st.just(path), bodies(body)) for path, body in _posts),
    st.tuples(st.sampled_from(["GET", "POST", "PUT", "DELETE"]), _paths, st.just(b"")),
)
Send = Callable[[str, str, bytes], httpx.Response]


def check(response: httpx.Response) -> None:
    """Check that a response is an answer or a sentence."""
    assert response.status_code in ANSWERS, (response.status_code, response.text)
    assert "Traceback" not in response.text
    # The last three are Jupyter Server's own words for paths and methods that there are not.
    if response.status_code in (200, 302, 404, 405):
        return
    if response.status_code == 403 and response.text.startswith("<html>"):
        return  # Jupyter Server's, for a method that a page of its own does not have
    if response.status_code == 400 and not response.content:
        return  # Jupyter Server's, for a path that is not UTF-8
    last = json.loads(response.text.strip().rpartition("\n")[2])
    error = last.get("error", last)
    assert is_sentence(error["message"].strip()), response.text


@pytest.fixture(scope="module", params=["runtime", "extension"])
def http(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[httpx.Client]:
    """Yield a client of a server."""
    directory = tmp_path_factory.mktemp(request.param)
    headers = {"Authorization": "Bearer "}
    if request.param == "runtime":
        with runtime_process(directory, SCRIPT, max_request_bytes=100_000) as runtime:
            runtime.client.wait_until_ready()
            headers["Authorization"] += runtime.connection.token
            with httpx.Client(
                transport=httpx.HTTPTransport(uds=runtime.connection.socket),
                base_url=runtime.connection.base_url,
                headers=headers,
                timeout=30,
            ) as client:
                yield client
        return
    model = write_scripted_model(directory / "model", SCRIPT)
    with jupyter_server(directory, {"engine": "scripted", "model": str(model)}) as server:
        headers["Authorization"] += server.token
        url = f"{server.url}/jupyter-safecoder"
        with httpx.Client(base_url=url, headers=headers, timeout=30, trust_env=False) as client:
            client.post("/start")
            until(lambda: client.get("/health").status_code == 200)
            yield client


@fuzz
@given(request=requests)
def test_a_runtime_and_an_extension(http: httpx.Client, request: tuple[str, str, bytes]) -> None:
    method, path, body = request
    check(http.request(method, path, content=body))


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Send]:
    """Yield a function that sends a request to a Hub's service."""
    directory = tmp_path_factory.mktemp("hub")
    loop = asyncio.new_event_loop()
    with pytest.MonkeyPatch.context() as patch:
        opened = _service(directory, patch)
        client = loop.run_until_complete(anext(opened))
        yield lambda method, path, body: loop.run_until_complete(
            client.request(method, path.lstrip("/") or "x", content=body)
        )
        loop.run_until_complete(opened.aclose())
    loop.close()


async def _service(directory: Path, patch: pytest.MonkeyPatch) -> AsyncGenerator[httpx.AsyncClient]:
    policy = '[groups.vision]\nexclude_text = ["secret"]\n'
    parts = make_service(directory, policy, script=SCRIPT)
    # Refusals of a user are limited, which is not what is tested here.
    patch.setattr(parts.service.gate.flood_guard, "count_request", lambda name: None)
    patch.setattr(parts.service.gate.flood_guard, "count_refusal", lambda name, error, weight: None)
    app = make_app(PREFIX, parts.service, Authenticator(3600), 100_000, [], [], Connections())
    try:
        await parts.service.runtimes.load("", "")
        async with (
            hub_api(patch, {"ada": user_model("ada", ["vision"])}),
            served(app) as url,
            httpx.AsyncClient(
                base_url=f"{url}{PREFIX}",
                headers={"Authorization": "Bearer ada"},
                trust_env=False,
                timeout=30,
            ) as client,
        ):
            yield client
    finally:
        await parts.service.close()


@fuzz
@given(request=requests)
def test_a_hub_s_service(hub: Send, request: tuple[str, str, bytes]) -> None:
    check(hub(*request))
