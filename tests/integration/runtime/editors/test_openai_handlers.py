"""The OpenAI-compatible endpoints, on a real runtime and its socket."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from jupyter_safecoder.models import EMBEDDED
from jupyter_safecoder.protocol import CompletionOptions, CompletionRequest
from tests.support.processes import RuntimeProcess, runtime_process, until

TEXT = "pàss\nif x:\n    return"
SECRET = "s3cr3t_of_the_file"
SCRIPT = {
    "answers": [
        {"after": "slow", "text": "abcdefghij" * 200},
        {"after": "stall", "stall": True},
        {"after": "fail", "text": "abc", "fail_after": 2},
        {"after": "sure = ", "text": "yes", "line_logprobs": [-0.25]},
    ],
    "otherwise": TEXT,
    "token_ms": 2,
}


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RuntimeProcess]:
    directory = tmp_path_factory.mktemp("runtime")
    with runtime_process(directory, SCRIPT, max_request_bytes=100_000, deadline_s=5) as runtime:
        runtime.client.wait_until_ready()
        yield runtime


@pytest.fixture
def http(runtime: RuntimeProcess) -> Iterator[httpx.Client]:
    with _http(runtime) as client:
        yield client


def _http(runtime: RuntimeProcess, token: str | None = None) -> httpx.Client:
    given = runtime.connection.token if token is None else token
    return httpx.Client(
        transport=httpx.HTTPTransport(uds=runtime.connection.socket),
        base_url=runtime.connection.base_url,
        headers={"Authorization": f"Bearer {given}"},
        timeout=30,
        trust_env=False,
    )


def _complete(http: httpx.Client, **fields: Any) -> dict[str, Any]:
    answer = http.post("/v1/completions", json=fields)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def _text(http: httpx.Client, **fields: Any) -> str:
    text: str = _complete(http, **fields)["choices"][0]["text"]
    return text


def _events(http: httpx.Client, **fields: Any) -> list[str]:
    with http.stream("POST", "/v1/completions", json={**fields, "stream": True}) as answer:
        assert answer.headers["Content-Type"].startswith("text/event-stream")
        lines = [line for line in answer.iter_lines() if line]
    assert all(line.startswith("data: ") for line in lines)
    return [line.removeprefix("data: ") for line in lines]


def test_the_model(http: httpx.Client) -> None:
    listed = http.get("/v1/models").json()
    (model,) = listed["data"]
    assert (listed["object"], model["id"], model["object"]) == ("list", "scripted", "model")
    assert model["max_model_len"] > 1000
    assert http.get("/v1/models/scripted").json() == model
    assert http.get("/v1/models/other").status_code == 404


def test_an_answer(http: httpx.Client) -> None:
    body = _complete(http, model="scripted", prompt="x = ", max_tokens=100)
    assert body["object"] == "text_completion"
    assert body["id"].startswith("cmpl-")
    (choice,) = body["choices"]
    assert choice == {"index": 0, "text": TEXT, "logprobs": None, "finish_reason": "stop"}
    tokens = len(TEXT.encode())
    assert body["usage"] == {
        "prompt_tokens": 4,
        "completion_tokens": tokens,
        "total_tokens": tokens + 4,
    }


def test_sixteen_tokens_by_default(http: httpx.Client) -> None:
    body = _complete(http, prompt="slow")
    assert body["choices"][0]["finish_reason"] == "length"
    assert body["usage"]["completion_tokens"] == 16


def test_a_stream_is_the_same_text(http: httpx.Client) -> None:
    *events, last = _events(http, prompt="x", max_tokens=100)
    assert last == "[DONE]"
    choices = [json.loads(event)["choices"][0] for event in events]
    assert "".join(choice["text"] for choice in choices) == TEXT
    assert all("\ufffd" not in choice["text"] for choice in choices)
    assert [c["finish_reason"] for c in choices] == [None] * (len(choices) - 1) + ["stop"]
    assert len(choices) > 10
    assert len({json.loads(event)["id"] for event in events}) == 1


def test_a_stream_with_its_usage(http: httpx.Client) -> None:
    events = _events(http, prompt="xy", max_tokens=5, stream_options={"include_usage": True})
    last = json.loads(events[-2])
    assert last["choices"] == []
    assert last["usage"]["prompt_tokens"] == 2
    assert last["usage"]["completion_tokens"] == 5


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("stop", "expected"),
    [
        ("\n", "pàss"),
        (["return", "if"], "pàss\n"),
        (["    return"], "pàss\nif x:\n"),
        (["nowhere", "returns"], TEXT),
        ("pà", ""),
        ("à", "p"),
    ],
)
def test_stop_texts(http: httpx.Client, stop: Any, expected: str, stream: bool) -> None:
    fields = {"prompt": "x", "max_tokens": 100, "stop": stop}
    if stream:
        bodies = [json.loads(event) for event in _events(http, **fields)[:-1]]
        assert "".join(body["choices"][0]["text"] for body in bodies) == expected
    else:
        assert _text(http, **fields) == expected


@pytest.mark.parametrize("stream", [False, True])
def test_log_probabilities(http: httpx.Client, stream: bool) -> None:
    fields = {"prompt": "sure = ", "max_tokens": 50, "logprobs": 1}
    if stream:
        choices = [json.loads(event)["choices"][0] for event in _events(http, **fields)[:-1]]
    else:
        choices = _complete(http, **fields)["choices"]
    found = [choice["logprobs"] for choice in choices if choice["text"]]
    assert "".join("".join(one["tokens"]) for one in found) == "yes"
    assert [value for one in found for value in one["token_logprobs"]] == [-0.25] * 3
    assert [offset for one in found for offset in one["text_offset"]] == [0, 1, 2]
    # An engine that does not know them.
    assert _complete(http, prompt="x", logprobs=1)["choices"][0]["logprobs"] is None


def test_strict_model_names(start_runtime: Callable[..., RuntimeProcess]) -> None:
    runtime = start_runtime(SCRIPT, strict_model_names=True)
    runtime.client.wait_until_ready()
    with _http(runtime) as http:
        for path in ("/v1/completions", "/v1/fim/completions", "/completion", "/infill"):
            answer = http.post(path, json={"prompt": SECRET, "model": "gpt-5"})
            assert answer.status_code == 404
            assert "'scripted'" in answer.json()["error"]["message"]
            assert SECRET not in answer.text
            for name in ("", None, "scripted"):
                answer = http.post(path, json={"prompt": "x", "model": name})
                assert answer.status_code == 200


def test_ids_are_taken_as_they_are(http: httpx.Client) -> None:
    for prompt in ([115, 108, 111, 119], [[115, 108, 111, 119]], ["slow"]):
        assert _text(http, prompt=prompt, max_tokens=4) == "abcd"


def test_closing_cancels_in_the_engine(runtime: RuntimeProcess, http: httpx.Client) -> None:
    before = runtime.cancelled()
    with http.stream("POST", "/v1/completions", json={"prompt": "slow", "max_tokens": 200}):
        pass
    body = {"prompt": "slow", "max_tokens": 2000, "stream": True}
    with http.stream("POST", "/v1/completions", json=body) as answer:
        next(answer.iter_lines())
    until(lambda: runtime.cancelled() > before)


def test_the_deadline_keeps_the_text(
    start_runtime: Callable[..., RuntimeProcess],
) -> None:
    runtime = start_runtime(SCRIPT, deadline_s=0.2)
    runtime.client.wait_until_ready()
    with _http(runtime) as http:
        body = _complete(http, prompt="slow", max_tokens=200)
    assert body["choices"][0]["finish_reason"] == "length"
    assert 0 < len(body["choices"][0]["text"]) < 200


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        (b"", 400, "not valid JSON"),
        (b"{" * 1000, 400, "not valid JSON"),
        (b"[1]", 400, "object"),
        ({}, 400, "has no 'prompt'"),
        ({"prompt": ""}, 400, "'prompt' is empty"),
        ({"prompt": []}, 400, "'prompt' is empty"),
        ({"prompt": 5}, 400, "'prompt'"),
        ({"prompt": ["a", "b"]}, 400, "must be one text or one list of token ids"),
        ({"prompt": [1, -1]}, 400, "must be one text or one list of token ids"),
        ({"prompt": [1, 2.5]}, 400, "must be one text or one list of token ids"),
        ({"prompt": [True]}, 400, "must be one text or one list of token ids"),
        ({"prompt": [10**9]}, 400, "ids outside the model's vocabulary"),
        ({"prompt": [1], "suffix": "x"}, 400, "'suffix' needs"),
        ({"prompt": SECRET, "suffix": 5}, 400, "'suffix'"),
        ({"prompt": SECRET, "max_tokens": 0}, 400, "'max_tokens'"),
        ({"prompt": SECRET, "max_tokens": -3}, 400, "'max_tokens'"),
        ({"prompt": SECRET, "max_tokens": "many"}, 400, "'max_tokens'"),
        ({"prompt": SECRET, "stream": "yes"}, 400, "'stream'"),
        ({"prompt": SECRET, "stream_options": 1}, 400, "'stream_options'"),
        ({"prompt": SECRET, "stop": [""]}, 400, "'stop'"),
        ({"prompt": SECRET, "stop": ["a"] * 257}, 400, "at most 256 texts"),
        ({"prompt": SECRET, "stop": "x" * 5000}, 400, "1 to 4096 characters"),
        ({"prompt": SECRET, "stop": 7}, 400, "'stop'"),
        ({"prompt": SECRET, "n": 2}, 400, "'n' of the request is not supported"),
        ({"prompt": SECRET, "logprobs": -1}, 400, "'logprobs'"),
        ({"prompt": SECRET, "echo": True}, 400, "'echo' of the request is not supported"),
        ({"prompt": SECRET * 4000}, 400, "the maximum of this model is"),
        ({"prompt": SECRET * 10_000}, 413, "larger than 100,000 bytes"),
    ],
)
def test_bad_requests(http: httpx.Client, body: Any, status: int, reason: str) -> None:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = http.post("/v1/completions", content=content)
    assert answer.status_code == status
    error = answer.json()["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert reason in error["message"]
    assert SECRET not in answer.text
    assert http.get("/v1/models").status_code == 200


@pytest.mark.parametrize("text", ["\ud83d", "\udc00x\ud83d", "\x00"])
def test_any_text_is_a_prompt(http: httpx.Client, text: str) -> None:
    body = json.dumps({"prompt": text, "suffix": text, "max_tokens": 100})
    answer = http.post("/v1/completions", content=body.encode("utf-8", "surrogatepass"))
    assert answer.json()["choices"][0]["text"] == TEXT


def test_every_endpoint_requires_the_token(runtime: RuntimeProcess) -> None:
    for token in ("x", "wrong"):
        with _http(runtime, token) as http:
            for answer in (
                http.get("/v1/models"),
                http.get("/v1/models/scripted"),
                http.post("/v1/completions", json={"prompt": "x"}),
            ):
                assert answer.status_code == 401
                assert answer.json()["error"]["type"] == "authentication_error"


def test_a_full_queue(start_runtime: Callable[..., RuntimeProcess]) -> None:
    runtime = start_runtime(SCRIPT, max_running=1, max_waiting=0)
    runtime.client.wait_until_ready()
    with _http(runtime) as http:
        body = {"prompt": "slow", "max_tokens": 2000, "stream": True}
        with http.stream("POST", "/v1/completions", json=body) as first:
            lines = first.iter_lines()
            next(lines)
            answer = http.post("/v1/completions", json={"prompt": "x"})
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) >= 1
    assert answer.json()["error"]["type"] == "rate_limit_error"


def test_requests_of_one_user_do_not_supersede_each_other(
    start_runtime: Callable[..., RuntimeProcess],
) -> None:
    runtime = start_runtime(SCRIPT, max_running=1)
    runtime.client.wait_until_ready()
    with _http(runtime) as http:
        body = {"prompt": "slow", "max_tokens": 60, "stream": True}
        with http.stream("POST", "/v1/completions", json=body) as first:
            lines = first.iter_lines()
            next(lines)
            assert _text(http, prompt="x", max_tokens=100) == TEXT
            assert list(lines)[-2:] == ["data: [DONE]", ""]


def test_before_the_model_is_there(start_runtime: Callable[..., RuntimeProcess]) -> None:
    runtime = start_runtime({**SCRIPT, "load_ms": 1500})
    with _http(runtime) as http:
        answer = http.post("/v1/completions", json={"prompt": "x"})
        assert answer.status_code == 503
        assert "Retry-After" in answer.headers
        assert answer.json()["error"]["code"] == "not_ready"


@pytest.mark.parametrize("stream", [False, True])
def test_an_engine_that_fails(start_runtime: Callable[..., RuntimeProcess], stream: bool) -> None:
    runtime = start_runtime(SCRIPT)
    runtime.client.wait_until_ready()
    with _http(runtime) as http:
        body = {"prompt": "fail", "stream": stream}
        answer = http.post("/v1/completions", json=body)
    if stream:
        last = json.loads(answer.text.strip().rpartition("\n")[2].removeprefix("data: "))
    else:
        assert answer.status_code == 500
        last = answer.json()
    assert "The engine stopped" in last["error"]["message"]


def test_the_embedded_model_fills_in(start_runtime: Callable[..., RuntimeProcess]) -> None:
    """The text is that of our own endpoint without cells and stop rules."""
    runtime = start_runtime(model=EMBEDDED)
    runtime.client.wait_until_ready()
    prefix, suffix = "import numpy as np\nx = np.", "(10)\nprint(x)\n"
    with _http(runtime) as http:
        filled = _text(http, prompt=prefix, suffix=suffix, max_tokens=8)
        plain = _text(http, prompt="import numpy as ", max_tokens=2)
        marked = [
            _text(http, prompt=prompt, max_tokens=8)
            for prompt in (
                f"<fim_prefix>{prefix}<fim_suffix>{suffix}<fim_middle>",
                f"<fim_prefix><fim_suffix>{suffix}<fim_middle>{prefix}",
                f"<PRE> {prefix} <SUF>{suffix} <MID>",
                f"[SUFFIX]{suffix}[PREFIX]{prefix}",
            )
        ]
        scored = _complete(http, prompt=prefix, suffix=suffix, max_tokens=8, logprobs=1)
        body = {"input_prefix": "import numpy as np\n", "prompt": "x = np.", "n_predict": 8}
        infilled = http.post("/infill", json={**body, "input_suffix": suffix}).json()
    assert marked == [filled] * 4
    assert infilled["content"] == filled
    (choice,) = scored["choices"]
    assert choice["text"] == filled
    assert "".join(choice["logprobs"]["tokens"]) == filled
    assert all(value <= 0 for value in choice["logprobs"]["token_logprobs"])
    assert plain.startswith("np")
    own = runtime.client.complete(
        CompletionRequest(prefix, suffix, options=CompletionOptions(rules=False, max_tokens=8))
    )
    assert filled.partition("\n")[0] == own.text.partition("\n")[0] != ""
