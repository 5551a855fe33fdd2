"""Requests through a real Jupyter server to the engine and back."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from jupyter_safecoder.engines.scripted import write_scripted_model
from jupyter_safecoder.protocol import (
    CompletionRequest,
    Done,
    Error,
    Event,
    Status,
    Text,
    decode_event,
    parse_status,
)
from tests.support.jupyter_server import JupyterServer, jupyter_server
from tests.support.processes import runtimes_of, until

MARKER = "Kx5_of_the_notebook"
SCRIPT: dict[str, Any] = {
    "answers": [
        {"after": "stall", "stall": True},
        {"after": "die", "text": "abcdef", "die_after": 3},
        {"after": "slow = ", "text": "abcdefghijklmnop"},
    ],
    "otherwise": "pass",
}


@dataclass
class Lab:
    """A Jupyter server and a client of its extension."""

    server: JupyterServer
    http: httpx.Client
    log: Path

    def status(self) -> Status:
        return parse_status(self.http.get("/status").content)

    def start(self) -> Status:
        return parse_status(self.http.post("/start").content)

    def until_state(self, state: str, seconds: float = 20) -> Status:
        found: Status = until(lambda: (s := self.status()).state == state and s, seconds)
        return found

    def events(self, request: CompletionRequest) -> Iterator[Event]:
        with self.http.stream("POST", "/completions", content=request.to_json()) as answer:
            for line in answer.iter_lines():
                yield decode_event(line)

    def last(self, text: str = "x = ") -> Event:
        return list(self.events(CompletionRequest(text, "")))[-1]

    def runtime(self) -> psutil.Process:
        (process,) = runtimes_of(self.server.process.pid)
        return process


Serve = Callable[..., Lab]


@contextmanager
def serving(directory: Path, script: dict[str, Any] | None, **traits: Any) -> Iterator[Lab]:
    directory.mkdir()
    model = write_scripted_model(directory / "model", script or SCRIPT)
    config = {"engine": "scripted", "model": str(model), **traits}
    log = directory / "server.log"
    with (
        jupyter_server(directory, config, log=log) as server,
        httpx.Client(
            base_url=f"{server.url}/jupyter-safecoder",
            headers={"Authorization": f"token {server.token}"},
            timeout=30,
            trust_env=False,
        ) as http,
    ):
        yield Lab(server, http, log)


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    with ExitStack() as stack:
        numbers = count()

        def start(script: dict[str, Any] | None = None, **traits: Any) -> Lab:
            directory = tmp_path / f"server-{next(numbers)}"
            return stack.enter_context(serving(directory, script, **traits))

        yield start


def test_from_off_to_a_completion(serve: Serve) -> None:
    """The first notebook starts the runtime; a request for the status does not."""
    lab = serve()
    status = lab.status()
    assert status.state == "off"
    assert status.reason
    assert runtimes_of(lab.server.process.pid) == []
    assert lab.start().state in ("starting", "preparing", "loading", "ready")
    lab.until_state("ready")
    done = lab.last()
    assert isinstance(done, Done)
    assert (done.text, done.model) == ("pass", "scripted")
    assert lab.start().state == "ready"  # once more changes nothing
    assert len(runtimes_of(lab.server.process.pid)) == 1


def test_a_first_request_starts_the_runtime_and_is_refused(serve: Serve) -> None:
    lab = serve()
    answer = lab.http.post("/completions", content=CompletionRequest("x", "").to_json())
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) >= 1
    error = decode_event(answer.text)
    assert isinstance(error, Error)
    assert error.code == "not_ready"
    lab.until_state("ready")


def test_started_with_the_server(serve: Serve) -> None:
    serve(start_runtime="server").until_state("ready")


def test_never_started(serve: Serve) -> None:
    lab = serve(start_runtime="never")
    status = lab.start()
    assert status.state == "off"
    assert "start_runtime" in status.remedy
    error = lab.last()
    assert isinstance(error, Error)
    assert error.code == "not_ready"
    assert runtimes_of(lab.server.process.pid) == []


def test_the_response_is_streamed(serve: Serve) -> None:
    lab = serve({**SCRIPT, "token_ms": 100})
    lab.start()
    lab.until_state("ready")
    arrivals = [(time.monotonic(), event) for event in lab.events(CompletionRequest("slow = ", ""))]
    texts = [event.text for _, event in arrivals if isinstance(event, Text)]
    assert texts == ["abcdefghijklmnop"[: n + 1] for n in range(len(texts))]
    assert len(texts) > 10
    assert arrivals[-1][0] - arrivals[0][0] > 1
    assert isinstance(arrivals[-1][1], Done)


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A server whose runtime is ready, for tests that leave it so."""
    directory = tmp_path_factory.mktemp("ready") / "server"
    traits = {"start_runtime": "server", "max_request_bytes": 100_000, "deadline_s": 100}
    with serving(directory, None, **traits) as lab:
        lab.until_state("ready")
        yield lab


def test_bad_bodies_are_refused_with_a_sentence(ready: Lab) -> None:
    wrong = json.dumps({"version": 2, "prefix": MARKER, "suffix": 5}).encode()
    deep = b"[" * 50_000
    for body in (b"", b"{", b"\xff\x00", MARKER.encode(), wrong, deep):
        answer = ready.http.post("/completions", content=body)
        assert answer.status_code == 400
        error = decode_event(answer.text)
        assert isinstance(error, Error)
        assert error.code == "bad_request"
        assert error.message.endswith(".")
        assert MARKER not in answer.text
        assert "Traceback" not in answer.text
    for size in (100_001, 20_000_000):
        answer = ready.http.post("/completions", content=b"x" * size)
        assert answer.status_code == 413
        error = decode_event(answer.text)
        assert isinstance(error, Error)
        assert error.code == "too_large"
    layout = {"version": 2, "prefix": "", "suffix": "", "options": {"layout": "none"}}
    assert ready.http.post("/completions", json=layout).status_code == 400
    assert isinstance(ready.last(), Done)
    assert MARKER not in ready.log.read_text()


def test_a_client_that_disconnects_cancels_in_the_engine(ready: Lab) -> None:
    before = ready.status().counters
    with (
        pytest.raises(httpx.ReadTimeout),
        httpx.Client(base_url=ready.http.base_url, headers=ready.http.headers, timeout=1) as client,
    ):
        client.post("/completions", content=CompletionRequest("stall", "").to_json())
    after = until(lambda: (c := ready.status().counters).cancelled == before.cancelled + 1 and c)
    assert after.completed == before.completed
    assert isinstance(ready.last(), Done)


def test_notebook_text_is_in_no_log_and_no_file(ready: Lab) -> None:
    for text in (f"{MARKER} = ", f"{MARKER} die"):
        ready.last(text)
    ready.until_state("ready")
    for path in ready.log.parent.rglob("*"):
        if path.is_file():
            assert MARKER.encode() not in path.read_bytes(), path


def test_a_runtime_that_is_killed_within_a_response(serve: Serve) -> None:
    lab = serve({**SCRIPT, "token_ms": 200}, start_runtime="server")
    lab.until_state("ready")
    events = lab.events(CompletionRequest("slow = ", ""))
    assert isinstance(next(events), Text)
    lab.runtime().kill()
    *_, error = events
    assert isinstance(error, Error)
    assert error.code == "runtime_unavailable"
    assert error.remedy
    done = until(lambda: isinstance(event := lab.last(), Done) and event, 15)
    assert done.text == "pass"
    assert lab.server.process.poll() is None


@pytest.mark.parametrize("how", ["killed", "socket deleted", "deleted by another host", "hangs"])
def test_a_runtime_that_vanished_completes_again(
    serve: Serve, short_directory: Path, how: str
) -> None:
    """Within 5 s, without a click; the page sees it by its next request for the status."""
    lab = serve()
    lab.start()
    lab.until_state("ready")
    directory = lab.log.parent / "runtime"
    process = lab.runtime()
    (path,) = directory.glob("safecoder-*.json")
    socket = json.loads(path.read_text())["socket"]
    if how == "killed":
        process.kill()
    elif how == "socket deleted":
        os.unlink(socket)
    elif how == "deleted by another host":
        # As earlier versions do it, which take the process id for one of theirs.
        path.unlink()
        os.unlink(socket)
    else:
        # It cannot make the socket again.
        process.suspend()
        os.unlink(socket)
    # Connections that are kept alive lead to the runtime until it is gone.
    lab.http.close()
    with httpx.Client(
        base_url=lab.http.base_url, headers=lab.http.headers, timeout=30, trust_env=False
    ) as http:
        fresh = replace(lab, http=http)

        def is_new() -> bool:
            return any(
                json.loads(new.read_text())["socket"] != socket
                for new in directory.glob("safecoder-*.json")
            )

        if how in ("killed", "hangs"):
            until(lambda: not psutil.pid_exists(process.pid), 5)
            fresh.until_state("ready")
        else:
            until(is_new, 5)
            assert fresh.runtime().pid == process.pid
        done = until(lambda: isinstance(last := fresh.last(), Done) and last, 5)
        assert done.text == "pass"


def test_a_runtime_that_keeps_dying_is_given_up_until_it_is_started(serve: Serve) -> None:
    lab = serve(start_runtime="server")
    started = time.monotonic()
    seen = []
    while (status := lab.status()).state != "failed":
        assert time.monotonic() - started < 60
        seen.append(status.state)
        if status.state == "ready":
            assert isinstance(lab.last("die"), (Text, Error))
        time.sleep(0.05)
    assert {"starting", "ready"} <= set(seen)
    assert "in a row" in status.reason
    assert status.remedy
    assert isinstance(lab.last(), Error)  # further typing does not start it
    assert lab.status().state == "failed"
    assert lab.start().state == "starting"
    lab.until_state("ready")
    assert isinstance(lab.last(), Done)


def test_a_runtime_that_is_killed_while_it_loads_is_not_restarted(serve: Serve) -> None:
    """As the kernel does when memory runs out: with a signal that cannot be caught."""
    lab = serve({"load_ms": 120_000}, start_runtime="server")
    lab.until_state("loading")
    lab.runtime().kill()
    status = lab.until_state("failed")
    assert "died while it loaded scripted (signal 9)" in status.reason
    assert re.search(r"take \d+\.\d GB, and \d+\.\d GB of memory were free", status.reason)
    assert "int4" in status.remedy
    time.sleep(1)
    assert lab.status().state == "failed"
    assert runtimes_of(lab.server.process.pid) == []
    assert lab.start().state == "starting"
    lab.until_state("loading")


def test_a_damaged_model_is_a_status_of_a_healthy_server(serve: Serve, tmp_path: Path) -> None:
    model = write_scripted_model(tmp_path / "damaged", SCRIPT)
    whole = (model / "script.json").read_bytes()
    (model / "script.json").write_bytes(whole[:-1] + b" ")
    lab = serve(model=str(model), start_runtime="server")
    status = lab.until_state("failed")
    assert "SHA-256" in status.reason
    assert "again" in status.remedy
    error = lab.last()
    assert isinstance(error, Error)
    assert (error.code, error.message) == ("not_ready", status.reason)
    assert httpx.get(f"{lab.server.url}/api").is_success
    (model / "script.json").write_bytes(whole)
    assert lab.start().state != "failed"
    lab.until_state("ready")


@pytest.mark.parametrize("script", [SCRIPT, {"load_ms": 120_000}], ids=["ready", "loading"])
@pytest.mark.parametrize("how", ["terminate", "kill"])
def test_no_orphan_when_the_server_stops(serve: Serve, script: dict[str, Any], how: str) -> None:
    lab = serve(script, start_runtime="server")
    lab.until_state("loading" if "load_ms" in script else "ready")
    runtime = lab.runtime()
    getattr(lab.server.process, how)()
    lab.server.process.wait(15)
    until(lambda: not runtime.is_running() or runtime.status() == psutil.STATUS_ZOMBIE, 10)
    left = list((lab.log.parent / "runtime").glob("safecoder-*"))
    assert left == []


def test_two_servers_of_one_user(serve: Serve) -> None:
    labs = [serve({"otherwise": text}, start_runtime="server") for text in ("one", "two")]
    for lab, text in zip(labs, ("one", "two"), strict=True):
        lab.until_state("ready")
        done = lab.last()
        assert isinstance(done, Done)
        assert done.text == text
    labs[0].server.process.terminate()
    labs[0].server.process.wait(15)
    assert isinstance(labs[1].last(), Done)
