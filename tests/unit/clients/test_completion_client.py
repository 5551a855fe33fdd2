"""The synchronous client: events, results and errors of a completion, waiting for a runtime."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest

from jupyter_safecoder.clients.completion_client import CompletionClient
from jupyter_safecoder.errors import RuntimeRequestError
from jupyter_safecoder.http.sync_client import SyncHttpClient
from jupyter_safecoder.protocol import (
    CompletionRequest,
    Done,
    Error,
    Event,
    Queued,
    State,
    Status,
    Text,
    encode_event,
    parse_request,
)
from jupyter_safecoder.settings import RuntimeSettings
from tests.support.http_server import HttpServer, Received, http_server

REQUEST = CompletionRequest("x = ", "")
DONE = Done("pass", "end", "spm", "m", 1, 4, 1.0, 2.0)


class Client(CompletionClient):
    """A client whose runtime has some states."""

    def __init__(self, url: str = "http://127.0.0.1:9", states: Sequence[State] = ()) -> None:
        self._states = iter(states)
        super().__init__(SyncHttpClient(url, {}))

    def status(self) -> Status:
        return Status(next(self._states), "Reason.", "Remedy.")

    def settings(self) -> RuntimeSettings:
        return RuntimeSettings()

    def use_adapter(self, name: str) -> Status:
        raise NotImplementedError

    def use_model(self, name: str) -> Status:
        raise NotImplementedError


@contextmanager
def served(lines: Sequence[bytes]) -> Iterator[tuple[Client, HttpServer]]:
    """Yield a client whose server answers with some lines, and the server."""
    with (
        http_server(lambda received: (200, b"".join(lines))) as server,
        Client(server.url) as client,
    ):
        yield client, server


def _lines(*events: Event) -> list[bytes]:
    return [encode_event(event) for event in events]


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jupyter_safecoder.clients.completion_client._POLL_S", 0)


def test_events_come_as_they_are_sent() -> None:
    events = (Queued(1), Text("pa", 2), DONE)
    with served(_lines(*events)) as (client, server):
        assert list(client.events(REQUEST)) == list(events)
    assert [parse_request(received.body) for received in server.requests] == [REQUEST]


def test_events_can_be_polled() -> None:
    polled = threading.Event()

    def respond(received: Received) -> tuple[int, bytes]:
        assert polled.wait(30)
        return 200, b"".join(_lines(Text("pa", 2), DONE))

    with http_server(respond) as server, Client(server.url) as client:
        events = client.poll_events(REQUEST, 0.001)
        assert next(events) is None
        polled.set()
        assert [event for event in events if event is not None] == [Text("pa", 2), DONE]


def test_the_result_of_a_completion() -> None:
    with served(_lines(Text("pa", 2), DONE)) as (client, _):
        assert client.complete(REQUEST) == DONE


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        (_lines(Text("pa", 2), Error("queue_full", "Full.", "Wait.")), "Full."),
        (_lines(Text("pa", 2)), "The runtime sent no result."),
        ([b"<html>\n"], "stopped before the response was complete"),
    ],
)
def test_a_completion_without_a_result(lines: list[bytes], reason: str) -> None:
    with served(lines) as (client, _), pytest.raises(RuntimeRequestError, match=reason):
        client.complete(REQUEST)


def test_waiting_reports_each_status() -> None:
    seen: list[str] = []
    client = Client(states=["starting", "loading", "busy"])
    status = client.wait_until_ready(lambda status: seen.append(status.state))
    assert status.state == "busy"
    assert seen == ["starting", "loading", "busy"]


def test_waiting_for_a_runtime_that_fails() -> None:
    with pytest.raises(RuntimeRequestError, match=r"Reason\.") as raised:
        Client(states=["loading", "failed"]).wait_until_ready()
    assert raised.value.remedy == "Remedy."
