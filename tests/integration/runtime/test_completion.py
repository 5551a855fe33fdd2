"""Completions on a real process: streamed, cancelled, superseded, queued, failed."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

import httpx
import pytest

from jupyter_safecoder.errors import RuntimeRequestError
from jupyter_safecoder.protocol import (
    TOKEN_HEADER,
    USER_HEADER,
    Cell,
    CompletionOptions,
    CompletionRequest,
    Done,
    Error,
    Event,
    Queued,
    Text,
    decode_event,
)
from tests.support.processes import RuntimeProcess, runtime_process, until

Start = Callable[..., RuntimeProcess]
STALL = CompletionRequest("stall", "", document="a.ipynb")
SCRIPT: dict[str, Any] = {
    "answers": [
        {"after": "stall", "stall": True},
        {"after": "fail", "text": "abcdef", "fail_after": 3},
        {"after": "die", "text": "abcdef", "die_after": 3},
        {"after": "import nu", "text": "mpy as np"},
    ],
    "otherwise": "pass",
}


def _ready(runtime: RuntimeProcess) -> RuntimeProcess:
    runtime.client.wait_until_ready()
    return runtime


class _Sent:
    """A request in a thread of its own, with a connection of its own."""

    def __init__(self, runtime: RuntimeProcess, request: CompletionRequest, user: str) -> None:
        self.events: list[Event] = []
        self.status_code = 0
        self.headers = httpx.Headers()
        self._user = user
        self._thread = threading.Thread(target=self._send, args=(runtime, request), daemon=True)
        self._thread.start()

    def last(self) -> Event:
        """Return the last event, once the response is complete."""
        self._thread.join(20)
        assert not self._thread.is_alive()
        return self.events[-1]

    def _send(self, runtime: RuntimeProcess, request: CompletionRequest) -> None:
        connection = runtime.connection
        with (
            httpx.Client(
                transport=httpx.HTTPTransport(uds=connection.socket),
                base_url=connection.base_url,
                headers={TOKEN_HEADER: connection.token, USER_HEADER: self._user},
                timeout=30,
            ) as client,
            client.stream("POST", "/completions", content=request.to_json()) as answer,
        ):
            self.status_code, self.headers = answer.status_code, answer.headers
            self.events += (decode_event(line) for line in answer.iter_lines())


def send(runtime: RuntimeProcess, request: CompletionRequest, user: str = "") -> _Sent:
    return _Sent(runtime, request, user)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RuntimeProcess]:
    """A runtime for tests that leave it as it was."""
    with runtime_process(tmp_path_factory.mktemp("runtime"), SCRIPT) as runtime:
        yield _ready(runtime)


def test_states_until_ready(start_runtime: Start) -> None:
    runtime = start_runtime({"load_ms": 300})
    states: list[str] = []
    runtime.client.wait_until_ready(lambda status: states.append(status.state))
    order = ["starting", "preparing", "loading", "ready"]
    assert states == sorted(states, key=order.index)
    assert states[-2:] == ["loading", "ready"]
    status = runtime.client.status()
    assert (status.engine, status.device, status.queue) == ("scripted", "script", 0)
    assert status.model
    assert status.model.name == "scripted"


def test_a_completion_grows_and_ends(start_runtime: Start) -> None:
    runtime = _ready(start_runtime(SCRIPT))
    *texts, done = runtime.client.events(CompletionRequest("import nu", ""))
    assert isinstance(done, Done)
    assert (done.text, done.finish_reason, done.model) == ("mpy as np", "end", "scripted")
    assert done.completion_tokens == 9
    assert done.ttft_ms is not None
    assert done.ttft_ms <= done.total_ms
    assert texts
    for event in texts:
        assert isinstance(event, Text)
        assert done.text.startswith(event.text)
    counters = runtime.client.status().counters
    assert (counters.requests, counters.completed, counters.completion_tokens) == (1, 1, 9)
    assert counters.prompt_tokens == done.prompt_tokens


@pytest.mark.parametrize("layout", ["spm", "psm", "context"])
def test_the_layout_of_the_request(shared: RuntimeProcess, layout: str) -> None:
    request = CompletionRequest("x = ", "", options=CompletionOptions(layout=layout, raw=True))
    done = shared.client.complete(request)
    assert (done.layout, done.raw_text) == (layout, "pass")


def test_an_empty_notebook(shared: RuntimeProcess) -> None:
    """The completion is empty and has a reason; it is not an error."""
    (done,) = shared.client.events(CompletionRequest(" \n", "\n"))
    assert isinstance(done, Done)
    assert (done.text, done.finish_reason, done.prompt_tokens) == ("", "empty_prompt", 0)


@pytest.mark.parametrize(
    "request_",
    [
        CompletionRequest("x\ud83d = '\U0001f600\udc00'", "\ud83d", language="\udc00"),
        CompletionRequest("<fim_middle>" * 500 + "x = ", "<|endoftext|>"),
        CompletionRequest("# 5 MB\n" * 700_000 + "x = ", "\n# more" * 100_000),
        CompletionRequest("x = ", "", before=(Cell("code", "y = 1\n" * 9, "1"),) * 2000),
        CompletionRequest("summary(", ")", language="r"),
        CompletionRequest("\x00\r\n\u2028x = ", "\x00"),
        CompletionRequest("x = ", "", options=CompletionOptions(max_tokens=1024, rules=False)),
    ],
    ids=["surrogates", "specials", "5 MB", "2000 cells", "R", "controls", "no rules"],
)
def test_odd_notebooks_have_a_completion(
    shared: RuntimeProcess, request_: CompletionRequest
) -> None:
    started = time.monotonic()
    done = shared.client.complete(request_)
    assert done.text == "pass"
    assert time.monotonic() - started < 10


def test_a_client_that_disconnects_cancels_in_the_engine(start_runtime: Start) -> None:
    runtime = _ready(start_runtime(SCRIPT, max_running=1, deadline_s=100))
    for number in range(1, 4):
        with _sent(runtime, STALL):
            until(partial(_has, runtime, "requests", number))
            assert runtime.cancelled() == number - 1
        until(partial(_has, runtime, "cancelled", number))
    # The engine's only slot is free again.
    assert runtime.client.complete(CompletionRequest("x = ", "")).text == "pass"


def test_a_client_that_disconnects_while_it_waits_leaves_the_queue(start_runtime: Start) -> None:
    runtime = _ready(start_runtime(SCRIPT, max_running=1, max_waiting=1, deadline_s=100))
    with _sent(runtime, STALL):
        until(lambda: runtime.client.status().counters.requests == 1)
        with _sent(runtime, replace(STALL, document="b.ipynb")):
            until(lambda: runtime.client.status().queue == 1)
        until(lambda: runtime.client.status().queue == 0)
        assert runtime.cancelled() == 1


def _has(runtime: RuntimeProcess, counter: str, value: int) -> bool:
    return bool(getattr(runtime.client.status().counters, counter) == value)


@contextmanager
def _sent(runtime: RuntimeProcess, request: CompletionRequest) -> Iterator[None]:
    """Send a request; at the end of the context its client disconnects without reading."""
    body = request.to_json()
    lines = (
        "POST /completions HTTP/1.1",
        f"Host: x\r\n{TOKEN_HEADER}: {runtime.connection.token}",
        f"Content-Length: {len(body)}\r\n\r\n",
    )
    assert runtime.connection.socket
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(runtime.connection.socket)
        client.sendall("\r\n".join(lines).encode() + body)
        yield


def test_closing_the_iterator_cancels(start_runtime: Start) -> None:
    runtime = _ready(start_runtime({"otherwise": "x" * 400, "token_ms": 50}, deadline_s=100))
    events = runtime.client.events(CompletionRequest("y = ", ""))
    assert isinstance(next(events), Text)
    events.close()  # type: ignore[attr-defined]
    until(lambda: runtime.cancelled() == 1)
    assert runtime.client.status().counters.completed == 0


def test_a_newer_request_of_the_document_supersedes_the_older(start_runtime: Start) -> None:
    runtime = _ready(start_runtime(SCRIPT, max_running=1))
    older = send(runtime, STALL, "ada")
    until(lambda: runtime.client.status().counters.requests == 1)
    newer = send(runtime, replace(STALL, prefix="x = "), "ada")
    done = newer.last()
    assert isinstance(done, Done)
    assert done.text == "pass"
    last = older.last()
    assert isinstance(last, Done)
    assert (last.text, last.finish_reason) == ("", "superseded")
    assert runtime.cancelled() == 1


def test_another_user_supersedes_nothing(start_runtime: Start) -> None:
    runtime = _ready(start_runtime(SCRIPT, deadline_s=1.5))
    adas = send(runtime, STALL, "ada")
    until(lambda: runtime.client.status().counters.requests == 1)
    bobs = send(runtime, replace(STALL, prefix="x = "), "bob").last()
    assert isinstance(bobs, Done)
    assert bobs.text == "pass"
    last = adas.last()
    assert isinstance(last, Done)
    assert last.finish_reason != "superseded"


def test_positions_are_sent_and_a_full_queue_refuses(start_runtime: Start) -> None:
    runtime = _ready(start_runtime(SCRIPT, max_running=1, max_waiting=1, deadline_s=2))
    running = send(runtime, STALL, "ada")
    until(lambda: runtime.client.status().counters.requests == 1)
    waiting = send(runtime, CompletionRequest("x = ", ""), "bob")
    status = until(lambda: (s := runtime.client.status()).state == "busy" and s)
    assert status.queue == 1
    assert "1" in status.reason
    refused = send(runtime, CompletionRequest("x = ", ""), "eve")
    error = refused.last()
    assert isinstance(error, Error)
    assert (refused.status_code, error.code) == (429, "queue_full")
    assert int(refused.headers["Retry-After"]) >= 1
    running.last()
    done = waiting.last()
    assert waiting.events[0] == Queued(1)
    assert isinstance(done, Done)
    assert done.text == "pass"
    assert runtime.client.status().state == "ready"


def test_the_deadline_keeps_the_text(start_runtime: Start) -> None:
    script: dict[str, Any] = {"otherwise": "abc def ghi jkl " * 20, "token_ms": 50}
    runtime = _ready(start_runtime(script, deadline_s=1))
    done = runtime.client.complete(CompletionRequest("# ", ""))
    assert done.finish_reason == "deadline"
    words = done.text.split()
    assert words
    assert words == script["otherwise"].split()[: len(words)]
    assert 900 < done.total_ms < 5000


def test_the_deadline_of_an_engine_that_stalls(start_runtime: Start) -> None:
    runtime = _ready(start_runtime(SCRIPT, deadline_s=0.5, max_running=1))
    done = runtime.client.complete(STALL)
    assert (done.text, done.ttft_ms, done.completion_tokens) == ("", None, 0)
    assert runtime.client.complete(CompletionRequest("x = ", "")).text == "pass"


def test_an_engine_that_fails_is_an_error_and_ends_the_process(start_runtime: Start) -> None:
    runtime = _ready(start_runtime(SCRIPT))
    other = send(runtime, STALL)
    until(lambda: runtime.client.status().counters.requests == 1)
    *_, error = runtime.client.events(CompletionRequest("fail", ""))
    assert isinstance(error, Error)
    assert error.code == "engine_failed"
    assert error.remedy
    last = other.last()
    assert isinstance(last, Error)
    assert last.code == "engine_failed"
    assert runtime.process.wait(10) == 70


def test_an_engine_that_dies_breaks_the_stream(start_runtime: Start) -> None:
    runtime = _ready(start_runtime(SCRIPT))
    events = runtime.client.events(CompletionRequest("die", ""))
    assert isinstance(next(events), Text)
    with pytest.raises(RuntimeRequestError) as raised:
        list(events)
    assert raised.value.remedy
    assert runtime.process.wait(10) == 86


def test_every_request_is_counted_once(start_runtime: Start) -> None:
    runtime = _ready(start_runtime(SCRIPT, max_running=1, max_waiting=1, deadline_s=2))
    running = send(runtime, STALL, "ada")
    until(lambda: runtime.client.status().counters.requests == 1)
    waiting = send(runtime, CompletionRequest("x = ", "", document="w"), "bob")
    until(lambda: runtime.client.status().queue == 1)
    send(runtime, CompletionRequest("x = ", "", document="w"), "bob").last()
    running.last()
    waiting.last()
    runtime.client.complete(CompletionRequest("", ""))
    counters = runtime.client.status().counters
    assert counters.requests == 4
    assert counters.completed + counters.cancelled + counters.failed == 4
