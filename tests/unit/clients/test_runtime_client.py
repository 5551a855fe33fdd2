"""The client of a runtime process: token, user, status, settings, adapter, model."""

from __future__ import annotations

import json

import pytest

from jupyter_safecoder.clients.connection import Connection
from jupyter_safecoder.clients.runtime_client import RuntimeClient
from jupyter_safecoder.errors import RuntimeRequestError
from jupyter_safecoder.protocol import TOKEN_HEADER, USER_HEADER, Error, Status, encode_event
from jupyter_safecoder.settings import RuntimeSettings
from tests.support.http_server import HttpServer, Received, Respond, http_server

SETTINGS = RuntimeSettings("model", deadline_s=3)
READY = Status("ready", "Ready.", adapter="ours")


def _runtime(received: Received) -> tuple[int, bytes]:
    match received.path:
        case "/status":
            return 200, READY.to_json()
        case "/settings":
            return 200, SETTINGS.to_json()
        case "/adapter":
            if json.loads(received.body)["adapter"] == "ours":
                return 200, READY.to_json()
            return 400, encode_event(Error("bad_request", "No such adapter.", "Train it."))
        case "/model":
            assert json.loads(received.body) == {"model": "large"}
            return 400, encode_event(Error("bad_request", "No such model.", "Get it."))
    return 404, b""


def _client(server: HttpServer) -> RuntimeClient:
    return RuntimeClient(Connection("token", 1, port=server.port))


def test_status_and_settings() -> None:
    with http_server(_runtime) as server, _client(server) as client:
        assert client.status() == READY
        assert client.settings() == SETTINGS
    assert all(request.headers[TOKEN_HEADER] == "token" for request in server.requests)


def test_requests_for_a_user_name_them() -> None:
    with http_server(_runtime) as server, _client(server) as client:
        client.status()
        with client.for_user("ada") as own:
            own.status()
    first, second = server.requests
    assert USER_HEADER not in first.headers
    assert second.headers[USER_HEADER] == "ada"


def test_an_adapter_that_is_refused_has_its_reason() -> None:
    with http_server(_runtime) as server, _client(server) as client:
        assert client.use_adapter("ours").adapter == "ours"
        with pytest.raises(RuntimeRequestError, match="No such adapter") as raised:
            client.use_adapter("theirs")
    assert raised.value.remedy == "Train it."


def test_a_model_that_is_refused_has_its_reason() -> None:
    with (
        http_server(_runtime) as server,
        _client(server) as client,
        pytest.raises(RuntimeRequestError, match="No such model") as raised,
    ):
        client.use_model("large")
    assert raised.value.remedy == "Get it."


@pytest.mark.parametrize("respond", [lambda received: (200, b"<html>")])
def test_what_is_no_runtime(respond: Respond) -> None:
    with http_server(respond) as server, _client(server) as client:
        for request in (client.status, client.settings, lambda: client.use_adapter("")):
            with pytest.raises(RuntimeRequestError, match="does not answer"):
                request()


def test_a_runtime_that_is_gone() -> None:
    with http_server(_runtime) as server:
        pass
    with _client(server) as client, pytest.raises(RuntimeRequestError, match="does not answer"):
        client.status()
