"""What other editors really send to a runtime, a Jupyter server and a Hub's service."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from jupyter_safecoder.engines.scripted import write_scripted_model
from jupyter_safecoder.hub.access.authenticator import Authenticator
from jupyter_safecoder.hub.connections import Connections
from jupyter_safecoder.hub.handlers import make_app
from jupyter_safecoder.protocol import CompletionRequest
from tests.support.editor_requests import REQUESTS, EditorRequest, events, prompt_tokens
from tests.support.hub_api import hub_api, user_model
from tests.support.hub_service import ServiceParts, make_service, served
from tests.support.jupyter_server import jupyter_server
from tests.support.processes import runtime_process, until

TEXT = "sum(values)\n    print(total)"
#: Only a prompt that ends with the text before the cursor gets this answer.
SCRIPT = {"answers": [{"after": REQUESTS[0].prefix, "text": TEXT}], "otherwise": "wrong"}
PREFIX = "/services/safecoder/"
Service = Callable[..., None]


@pytest.fixture(scope="module", params=["runtime", "extension"])
def http(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[httpx.Client]:
    """Yield a client whose base URL is the one that users enter in other editors."""
    directory = tmp_path_factory.mktemp(request.param)
    if request.param == "runtime":
        with runtime_process(directory, SCRIPT) as runtime:
            runtime.client.wait_until_ready()
            connection = runtime.connection
            transport = httpx.HTTPTransport(uds=connection.socket)
            with _client(connection.base_url, connection.token, transport=transport) as client:
                yield client
        return
    model = write_scripted_model(directory / "model", SCRIPT)
    with (
        jupyter_server(directory, {"engine": "scripted", "model": str(model)}) as server,
        _client(f"{server.url}/jupyter-safecoder", server.token) as client,
    ):
        client.post("/start")
        until(lambda: client.get("/health").status_code == 200)
        yield client


def _client(url: str, token: str, **options: Any) -> httpx.Client:
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.Client(base_url=url, headers=headers, timeout=30, trust_env=False, **options)


def _check(request: EditorRequest, response: httpx.Response, plain_tokens: int) -> None:
    assert response.status_code == 200, response.text
    assert request.text(response.text) == ("" if request.empty else TEXT)
    tokens = prompt_tokens(request, response.text)
    if request.extra:
        assert tokens is None or tokens > plain_tokens
    else:
        assert tokens in (None, plain_tokens)


def _plain(request: EditorRequest) -> dict[str, Any]:
    return {"prompt": request.prefix, "suffix": request.suffix, "max_tokens": 1}


@pytest.mark.parametrize("request_", REQUESTS, ids=lambda request: request.name)
def test_the_same_answer_as_with_a_suffix(http: httpx.Client, request_: EditorRequest) -> None:
    response = http.post(request_.path, json=request_.body)
    plain = http.post("/v1/completions", json=_plain(request_)).json()
    _check(request_, response, plain["usage"]["prompt_tokens"])
    if request_.body.get("stream"):
        assert response.headers["X-Accel-Buffering"] == "no"
        assert response.headers["Content-Type"].startswith("text/event-stream")


def test_no_proxy_holds_a_stream_back(http: httpx.Client) -> None:
    body = CompletionRequest("x", "").to_json()
    assert http.post("/completions", content=body).headers["X-Accel-Buffering"] == "no"


def test_the_name_of_the_model_that_answers_is_in_the_answer(http: httpx.Client) -> None:
    for path, body in (
        ("/v1/completions", {"prompt": "x", "model": "gpt-3.5-turbo-instruct"}),
        ("/v1/fim/completions", {"prompt": "x", "model": "codestral-latest"}),
        ("/infill", {"input_prefix": "x", "model": "m"}),
        ("/completion", {"prompt": "x", "model": "m"}),
    ):
        assert http.post(path, json=body).json()["model"] == "scripted"


def test_bodies_of_mistral_s_form(http: httpx.Client) -> None:
    body = {"prompt": REQUESTS[0].prefix, "suffix": "\n", "stop": ["\n"], "max_tokens": 50}
    whole = http.post("/v1/fim/completions", json=body).json()
    assert whole["object"] == "chat.completion"
    (choice,) = whole["choices"]
    assert choice["message"] == {
        "role": "assistant",
        "content": "sum(values)",
        "tool_calls": None,
    }
    assert choice["finish_reason"] == "stop"
    response = http.post("/v1/fim/completions", json={**body, "stream": True}).text
    chunks = events(response)
    assert response.endswith("data: [DONE]\n\n")
    assert {chunk["object"] for chunk in chunks} == {"chat.completion.chunk"}
    assert [chunk["choices"][0]["finish_reason"] for chunk in chunks[-2:]] == [None, "stop"]
    assert chunks[-1]["usage"] == whole["usage"]


def test_bodies_of_llama_cpp_s_form(http: httpx.Client) -> None:
    body = {"input_prefix": REQUESTS[0].prefix, "input_suffix": "\n", "stop": ["\n"]}
    whole = http.post("/infill", json=body).json()
    assert (whole["content"], whole["stop"]) == ("sum(values)", True)
    assert (whole["stop_type"], whole["stopping_word"]) == ("word", "\n")
    assert whole["timings"]["prompt_n"] == whole["tokens_evaluated"] > 0
    assert whole["timings"]["predicted_n"] == whole["tokens_predicted"] > 0
    assert whole["generation_settings"]["n_ctx"] > 1000
    response = http.post("/infill", json={**body, "stream": True}).text
    *chunks, last = events(response)
    assert "[DONE]" not in response
    assert not any(chunk["stop"] for chunk in chunks)
    assert (last["stop"], last["tokens_predicted"]) == (True, whole["tokens_predicted"])
    limited = http.post("/infill", json={**body, "n_predict": 3}).json()
    assert (limited["content"], limited["stop_type"]) == ("sum", "limit")


def test_health_and_props(http: httpx.Client) -> None:
    for path in ("/health", "/v1/health"):
        assert http.get(path).json() == {"status": "ok"}
    props = http.get("/props").json()
    assert props["default_generation_settings"]["n_ctx"] > 1000
    assert props["model_alias"] == "scripted"


def test_a_marker_beside_a_suffix_is_text(http: httpx.Client) -> None:
    marked = f"<fim_prefix>a<fim_suffix>b<fim_middle>{REQUESTS[0].prefix}"
    body = {"prompt": marked, "suffix": "\n", "max_tokens": 50}
    tokens = http.post("/v1/completions", json=body).json()["usage"]["prompt_tokens"]
    assert tokens > len(marked)  # each byte is a token of the scripted engine


def test_invalid_extra_files(http: httpx.Client) -> None:
    invalid: list[Any] = [{}, [{}], [{"filename": "a"}], [{"filename": 1, "text": "b"}]]
    for extra in invalid:
        response = http.post("/infill", json={"input_prefix": "x", "input_extra": extra})
        assert response.status_code == 400
        assert "'input_extra' of the request must be a list" in response.json()["error"]["message"]


# The service of a Hub


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Service:
    """Return a function that runs a test with a client of a Hub's service."""

    def run(test: Callable[[httpx.AsyncClient, ServiceParts], Any], policy: str = "") -> None:
        async def whole() -> None:
            parts = make_service(tmp_path, f"[groups.vision]\n{policy}", script=SCRIPT)
            await parts.service.runtimes.load("", "")
            async with hub_api(monkeypatch, {"ada": user_model("ada", ["vision"])}):
                app = make_app(
                    PREFIX, parts.service, Authenticator(30), 2**20, [], [], Connections()
                )
                headers = {"Authorization": "Bearer ada"}
                async with (
                    served(app) as url,
                    httpx.AsyncClient(
                        base_url=f"{url}{PREFIX}", headers=headers, trust_env=False, timeout=30
                    ) as client,
                ):
                    await test(client, parts)
            await parts.service.close()

        asyncio.run(whole())

    return run


def test_a_hub_s_service_answers_like_a_runtime(service: Service) -> None:
    async def test(client: httpx.AsyncClient, parts: ServiceParts) -> None:
        for request in REQUESTS:
            plain = await client.post("v1/completions", json=_plain(request))
            parts.records.clear()
            response = await client.post(request.path.lstrip("/"), json=request.body)
            _check(request, response, plain.json()["usage"]["prompt_tokens"])
            if request.body.get("stream"):
                assert response.headers["X-Accel-Buffering"] == "no"
            (record,) = parts.records
            assert (record.action, record.outcome, record.model) == (
                "text",
                "length" if request.empty else "stop",
                "scripted",
            ), request.name
            assert record.prompt_tokens > 0
            assert record.completion_tokens == (0 if request.empty else len(TEXT))
        body = CompletionRequest("x", "", path="a.ipynb").to_json()
        response = await client.post("completions", content=body)
        assert response.headers["X-Accel-Buffering"] == "no"
        assert (await client.get("health")).json()["status"] == "ok"
        props = (await client.get("props")).json()
        assert props["default_generation_settings"]["n_ctx"] > 1000

    service(test)


def test_a_policy_leaves_out_other_files(service: Service) -> None:
    async def test(client: httpx.AsyncClient, parts: ServiceParts) -> None:
        async def tokens(*extra: str) -> int:
            files = [{"text": text} for text in extra]
            body = {"input_prefix": "x", "input_suffix": "y", "input_extra": files}
            answer = (await client.post("infill", json=body)).json()
            return int(answer["tokens_evaluated"])

        assert await tokens("a = 1") > await tokens()
        assert await tokens("a Secret") == await tokens()
        refused = await client.post("infill", json={"input_prefix": "my secret"})
        assert refused.status_code == 403

    service(test, 'exclude_text = ["secret"]\n')


def test_no_context_means_no_other_files(service: Service) -> None:
    async def test(client: httpx.AsyncClient, parts: ServiceParts) -> None:
        body: dict[str, Any] = {"input_prefix": "x", "input_suffix": "y"}
        without = (await client.post("infill", json=body)).json()["tokens_evaluated"]
        body["input_extra"] = [{"text": "a = 1"}]
        assert (await client.post("infill", json=body)).json()["tokens_evaluated"] == without

    service(test, "context = []\n")
