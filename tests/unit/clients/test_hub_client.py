"""The client of a Hub's service: token, status, start, refusals."""

from __future__ import annotations

import pytest

from jupyter_safecoder.clients.hub_client import HubClient, hub_client
from jupyter_safecoder.clients.hub_environment import SERVICE_TOKEN_VARIABLE, URL_VARIABLE
from jupyter_safecoder.errors import RuntimeRequestError
from jupyter_safecoder.protocol import Error, State, Status, encode_event
from tests.support.http_server import Received, Respond, http_server


def _states(*states: State) -> Respond:
    following = iter(states)

    def respond(received: Received) -> tuple[int, bytes]:
        if received.method == "POST":
            return 200, Status("starting", "Starting.").to_json()
        return 200, Status(next(following), "Reason.").to_json()

    return respond


def test_there_is_none_outside_of_a_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(URL_VARIABLE, raising=False)
    assert hub_client() is None


def test_requests_have_the_server_s_token(monkeypatch: pytest.MonkeyPatch) -> None:
    with http_server(lambda received: (200, Status("ready", "Ready.").to_json())) as server:
        monkeypatch.setenv(URL_VARIABLE, f"{server.url}/services/safecoder/")
        monkeypatch.setenv(SERVICE_TOKEN_VARIABLE, "secret")
        client = hub_client()
        assert client is not None
        with client:
            assert client.status().state == "ready"
    (request,) = server.requests
    assert request.headers["Authorization"] == "token secret"
    assert request.path == "/services/safecoder/status"


def test_waiting_starts_the_runtime_and_again_if_it_is_off() -> None:
    respond = _states("starting", "off", "ready")
    with http_server(respond) as server, HubClient(server.url, "token") as client:
        assert client.wait_until_ready().state == "ready"
    methods = [request.method for request in server.requests]
    assert methods == ["POST", "GET", "GET", "POST", "GET"]


def test_a_refusal_is_a_failed_status() -> None:
    denied = encode_event(Error("forbidden", "Not your group.", "Ask."))
    with (
        http_server(lambda received: (403, denied)) as server,
        HubClient(server.url, "token") as client,
    ):
        assert client.status() == Status("failed", "Not your group.", "Ask.")
        with pytest.raises(RuntimeRequestError, match="Not your group"):
            client.wait_until_ready()


@pytest.mark.parametrize("content", [b"<html>", b""])
def test_what_is_no_service(content: bytes) -> None:
    with (
        http_server(lambda received: (200, content)) as server,
        HubClient(server.url, "token") as client,
        pytest.raises(RuntimeRequestError, match="not one of the protocol"),
    ):
        client.status()


def test_a_service_that_is_gone() -> None:
    with (
        HubClient("http://127.0.0.1:1", "token") as client,
        pytest.raises(RuntimeRequestError, match="does not answer"),
    ):
        client.status()


def test_a_group_s_adapter_is_not_changed_here() -> None:
    with (
        HubClient("http://127.0.0.1:1", "token") as client,
        pytest.raises(RuntimeRequestError, match="adapters of this machine"),
    ):
        client.use_adapter("ours")


def test_a_group_s_model_is_not_changed_here() -> None:
    with (
        HubClient("http://127.0.0.1:1", "token") as client,
        pytest.raises(RuntimeRequestError, match="policy"),
    ):
        client.use_model("large")
