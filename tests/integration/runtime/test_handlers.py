"""The runtime's HTTP endpoints, on a real process and its socket."""

from __future__ import annotations

import json
import socket
import stat
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from jupyter_safecoder.clients.connection import find_connections
from jupyter_safecoder.engines.scripted import write_scripted_model
from jupyter_safecoder.errors import RuntimeRequestError
from jupyter_safecoder.protocol import TOKEN_HEADER, CompletionRequest, Error, decode_event
from tests.support.processes import RuntimeProcess, runtime_process, until

SECRET = "s3cr3t_of_the_notebook"


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RuntimeProcess]:
    script = {"otherwise": "pass"}
    with runtime_process(
        tmp_path_factory.mktemp("runtime"), script, max_request_bytes=100_000
    ) as runtime:
        runtime.client.wait_until_ready()
        yield runtime


@pytest.fixture
def http(runtime: RuntimeProcess) -> Iterator[httpx.Client]:
    with _http(runtime, runtime.connection.token) as client:
        yield client


def _http(runtime: RuntimeProcess, token: str | None) -> httpx.Client:
    return httpx.Client(
        transport=httpx.HTTPTransport(uds=runtime.connection.socket),
        base_url=runtime.connection.base_url,
        headers={} if token is None else {TOKEN_HEADER: token},
        trust_env=False,
    )


def _error(answer: httpx.Response) -> Error:
    assert answer.headers["Content-Type"] == "application/json"
    assert "Traceback" not in answer.text
    assert SECRET not in answer.text
    event = decode_event(answer.text)
    assert isinstance(event, Error)
    assert event.message.endswith(".")
    return event


def test_another_model_is_served_without_a_restart(
    start_runtime: Callable[..., RuntimeProcess], tmp_path: Path
) -> None:
    other = str(write_scripted_model(tmp_path / "other", {"otherwise": "return"}))
    client = start_runtime({"otherwise": "pass"}).client
    client.wait_until_ready()
    with pytest.raises(RuntimeRequestError, match="no model named") as raised:
        client.use_model("no-such-model")
    assert raised.value.remedy
    assert client.complete(CompletionRequest("x = ", "")).text == "pass"
    status = client.use_model(other)
    assert status.state == "ready"
    assert client.complete(CompletionRequest("x = ", "")).text == "return"
    assert client.settings().model == other


def test_files_are_for_their_owner_only_and_gone_at_the_end(
    start_runtime: Callable[..., RuntimeProcess],
) -> None:
    runtime = start_runtime({"otherwise": "pass"})
    assert runtime.connection.socket
    socket_file = Path(runtime.connection.socket)
    ((connection_file, connection),) = find_connections()
    assert connection == runtime.connection
    assert stat.S_IMODE(socket_file.stat().st_mode) == 0o600
    assert stat.S_IMODE(connection_file.stat().st_mode) == 0o600
    runtime.process.terminate()
    assert runtime.process.wait(10) == 0
    assert not socket_file.exists()
    assert not connection_file.exists()
    assert list(connection_file.parent.iterdir()) == []


def test_texts_are_dropped_and_requests_go_on(http: httpx.Client) -> None:
    body = CompletionRequest(SECRET, "").to_json()
    first = http.post("/completions", content=body).text.splitlines()[-1]
    answer = http.post("/forget")
    assert answer.json()["state"] == "ready"
    again = http.post("/completions", content=body).text.splitlines()[-1]
    assert json.loads(again)["text"] == json.loads(first)["text"]


@pytest.mark.parametrize("token", [None, "", "wrong", "\xe9"])
@pytest.mark.parametrize(("method", "path"), [("GET", "/status"), ("POST", "/completions")])
def test_every_endpoint_requires_the_token(
    runtime: RuntimeProcess, token: str | None, method: str, path: str
) -> None:
    before = runtime.client.status().counters.requests
    with _http(runtime, None) as client:
        value = b"" if token is None else token.encode("latin-1")
        headers = [] if token is None else [(TOKEN_HEADER.encode(), value)]
        body = CompletionRequest(SECRET, "").to_json()
        answer = client.request(method, path, content=body, headers=headers)
    assert answer.status_code == 401
    assert _error(answer).code == "unauthorized"
    assert runtime.client.status().counters.requests == before


@pytest.mark.parametrize("path", ["/", "/other", "/status/x", "/../etc/passwd", "/%00"])
def test_unknown_path(http: httpx.Client, path: str) -> None:
    answer = http.get(path)
    assert answer.status_code == 404
    assert _error(answer).code == "not_found"


def test_wrong_method(http: httpx.Client) -> None:
    answer = http.get("/completions")
    assert answer.status_code == 405
    _error(answer)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        SECRET.encode(),
        b"\xff\x00",
        b"[" * 50_000,
        b'{"version":2}',
        json.dumps({"version": 2, "prefix": SECRET, "suffix": 5}).encode(),
        json.dumps({"version": 3, "prefix": SECRET, "suffix": ""}).encode(),
    ],
)
def test_malformed_body(http: httpx.Client, body: bytes) -> None:
    answer = http.post("/completions", content=body)
    assert answer.status_code == 400
    assert _error(answer).code == "bad_request"


def test_layout_that_the_model_does_not_know(
    start_runtime: Callable[..., RuntimeProcess], tmp_path: Path
) -> None:
    runtime = start_runtime({"otherwise": "pass"})
    description = tmp_path / "runtime-0" / "model" / "model.json"
    data = json.loads(description.read_text())
    description.write_text(json.dumps({**data, "layouts": ["spm"]}))
    runtime = start_runtime(model=str(description.parent), engine="scripted")
    runtime.client.wait_until_ready()
    with _http(runtime, runtime.connection.token) as client:
        body = {"version": 2, "prefix": SECRET, "suffix": "", "options": {"layout": "psm"}}
        answer = client.post("/completions", json=body)
    assert answer.status_code == 400
    assert "psm" in _error(answer).message


@pytest.mark.parametrize("size", [100_001, 5_000_000])
@pytest.mark.parametrize("chunked", [False, True])
def test_oversized_body(http: httpx.Client, size: int, chunked: bool) -> None:
    body: Any = (SECRET * size)[:size].encode()
    answer = http.post("/completions", content=iter([body]) if chunked else body)
    assert answer.status_code == 413
    error = _error(answer)
    assert error.code == "too_large"
    assert "100,000" in error.message
    # The connection is still good for the next one.
    assert http.get("/status").status_code == 200


def test_a_body_of_just_the_limit_passes(http: httpx.Client) -> None:
    body = CompletionRequest("x = ", "").to_json()
    padded = body.replace(b'"suffix":""', b'"suffix":"' + b"y" * (100_000 - len(body)) + b'"')
    assert len(padded) == 100_000
    answer = http.post("/completions", content=padded)
    assert answer.status_code == 200


def test_a_runtime_that_is_not_ready_has_a_reason(
    start_runtime: Callable[..., RuntimeProcess],
) -> None:
    runtime = start_runtime({"load_ms": 60_000})
    until(lambda: runtime.client.status().state == "loading")
    with _http(runtime, runtime.connection.token) as client:
        answer = client.post("/completions", content=CompletionRequest("x", "").to_json())
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) >= 1
    error = _error(answer)
    assert error.code == "not_ready"
    assert "Loading" in error.message


@pytest.mark.parametrize(
    "junk",
    [
        b"\x00\xff\xfe\r\n\r\n",
        b"GET /status HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"x" * 200_000,
    ],
)
def test_junk_instead_of_http_is_harmless(runtime: RuntimeProcess, junk: bytes) -> None:
    assert runtime.connection.socket
    with socket.socket(socket.AF_UNIX) as raw, suppress(ConnectionError):
        raw.settimeout(10)
        raw.connect(runtime.connection.socket)
        raw.sendall(junk)
        raw.shutdown(socket.SHUT_WR)
        while raw.recv(65536):
            pass
    assert runtime.client.status().state == "ready"


def test_a_client_that_disconnects_within_its_body_is_harmless(runtime: RuntimeProcess) -> None:
    assert runtime.connection.socket
    head = (
        f"POST /completions HTTP/1.1\r\nHost: x\r\n{TOKEN_HEADER}: {runtime.connection.token}\r\n"
    )
    with socket.socket(socket.AF_UNIX) as raw:
        raw.connect(runtime.connection.socket)
        raw.sendall(head.encode() + b"Content-Length: 1000\r\n\r\n{")
    done = runtime.client.complete(CompletionRequest("x = ", ""))
    assert done.text == "pass"
