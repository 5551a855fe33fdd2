"""Which runtime is found, and what happens if a new one does not start."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from jupyter_safecoder.clients import discovery
from jupyter_safecoder.clients.connection import (
    Connection,
    connection_directory,
    write_connection,
)
from jupyter_safecoder.clients.discovery import own_runtime, running_runtime, running_settings
from jupyter_safecoder.clients.hub_client import HubClient
from jupyter_safecoder.clients.hub_environment import URL_VARIABLE
from jupyter_safecoder.errors import RuntimeRequestError
from jupyter_safecoder.protocol import State, Status
from jupyter_safecoder.settings import RuntimeSettings
from tests.support.http_server import Received, Respond, http_server


@pytest.fixture(autouse=True)
def no_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(URL_VARIABLE, raising=False)


def _publish(name: str, port: int) -> None:
    directory = connection_directory()
    assert directory is not None
    path = directory / f"safecoder-{name}.json"
    write_connection(path, Connection(name, os.getpid(), port=port))


def _in_state(state: State) -> Respond:
    return lambda received: (200, Status(state, "Reason.").to_json())


def test_there_is_none() -> None:
    with running_runtime() as client:
        assert client is None


def test_a_failed_one_and_one_that_does_not_answer_are_skipped() -> None:
    with http_server(_in_state("ready")) as good, http_server(_in_state("failed")) as failed:
        _publish("1", good.port)
        _publish("2", failed.port)
        _publish("3", 1)
        with running_runtime() as client:
            assert client is not None
            assert client.status().state == "ready"
    assert failed.requests


def test_the_settings_of_a_runtime_or_the_defaults() -> None:
    assert running_settings() == RuntimeSettings()

    def respond(received: Received) -> tuple[int, bytes]:
        if received.path == "/settings":
            return 200, RuntimeSettings("tiny", cache_dir="/cache").to_json()
        return 200, Status("ready", "Reason.").to_json()

    with http_server(respond) as server:
        _publish("1", server.port)
        assert running_settings() == RuntimeSettings("tiny", cache_dir="/cache")


def test_on_a_hub_it_is_the_service(monkeypatch: pytest.MonkeyPatch) -> None:
    _publish("1", 1)
    monkeypatch.setenv(URL_VARIABLE, "http://127.0.0.1:1/services/safecoder")
    with running_runtime() as client:
        assert isinstance(client, HubClient)


def test_a_process_that_does_not_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(discovery, "RUNTIME_MODULE", "no_such_runtime")
    with pytest.raises(RuntimeRequestError, match="did not start"), own_runtime(RuntimeSettings()):
        pytest.fail("It started.")
    assert "no_such_runtime" in capfd.readouterr().err
