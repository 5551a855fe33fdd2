"""Where the processes of SafeCoder send, for each configuration."""

from __future__ import annotations

import logging
import logging.handlers
from dataclasses import replace
from typing import Any

import pytest

from jupyter_safecoder.privacy.inspectors import INSPECTORS
from jupyter_safecoder.privacy.machine import Machine
from jupyter_safecoder.settings import RuntimeSettings

REMOTE = RuntimeSettings(remote_url="https://ada:secret@llm.example/v1", remote_proxy="none")
SOCKET = "http+unix://%2Frun%2Fservice.sock/services/safecoder/"


def of_traits(**traits: dict[str, Any]) -> Machine:
    return Machine(config=traits)


@pytest.mark.parametrize(
    ("id", "machine", "safe", "to"),
    [
        ("browser", Machine(), True, "localhost"),
        ("browser", of_traits(ServerApp={"ip": "0.0.0.0"}), False, "0.0.0.0"),
        ("browser", of_traits(ServerApp={"ip": ""}), False, "*"),
        ("browser", of_traits(ServerApp={"ip": "", "certfile": "a.pem"}), True, "*"),
        (
            "browser",
            Machine(
                config={"ServerApp": {"ip": ""}}, environment={"JUPYTERHUB_API_URL": "http://hub"}
            ),
            True,
            "",
        ),
        ("editors", of_traits(ServerApp={"ip": ""}), False, "*"),
        ("completions", Machine(), True, ""),
        ("completions", Machine(service_url=SOCKET), True, "/run/service.sock"),
        ("completions", Machine(service_url="http://127.0.0.1:8765/"), True, "127.0.0.1"),
        ("completions", Machine(service_url="https://hub.example/"), False, "hub.example"),
        ("training", Machine(service_url="https://hub.example/"), False, "hub.example"),
        ("training", Machine(service_url=SOCKET), True, "/run/service.sock"),
        ("suggestion_counts", Machine(service_url="https://hub.example/"), False, "hub.example"),
        ("suggestion_counts", Machine(), True, ""),
        ("remote", Machine(REMOTE), False, "https://llm.example/v1"),
        ("remote", Machine(replace(REMOTE, engine="openvino")), True, ""),
        ("remote", Machine(RuntimeSettings(remote_url="http://localhost:1")), True, "localhost"),
        ("proxy", Machine(REMOTE), True, ""),
        ("proxy", Machine(replace(REMOTE, remote_proxy="http://u:p@out:3128")), False, "out:3128"),
        ("proxy", Machine(replace(REMOTE, remote_proxy="socks5://out")), True, ""),
        ("downloads", Machine(RuntimeSettings(allow_downloads=True)), False, "huggingface.co"),
        (
            "downloads",
            Machine(
                RuntimeSettings(allow_downloads=True),
                environment={"HF_ENDPOINT": "https://mirror.example"},
            ),
            False,
            "https://mirror.example",
        ),
        ("model_get", Machine(), True, "https://pypi.org/simple"),
        (
            "model_get",
            Machine(pip=lambda: {"index-url": "https://u:p@index.example/"}),
            True,
            "https://index.example/",
        ),
        (
            "hub_database",
            Machine(
                environment={"JUPYTER_SAFECODER_DATABASE": "postgresql+pg8000://u:p@db.example/a"}
            ),
            False,
            "db.example",
        ),
        (
            "hub_database",
            Machine(environment={"JUPYTER_SAFECODER_DATABASE": "sqlite:////srv/a.sqlite"}),
            True,
            "",
        ),
        (
            "events",
            of_traits(EventLogger={"handlers": [logging.NullHandler()]}),
            True,
            "",
        ),
        (
            "events",
            of_traits(EventLogger={"handlers": [logging.handlers.HTTPHandler("a.example", "/")]}),
            False,
            "",
        ),
    ],
)
def test_states(id: str, machine: Machine, safe: bool, to: str) -> None:
    state = INSPECTORS[f"safecoder.{id}"](machine)
    assert state.safe is safe
    assert to in state.to if to else state.to == ""
    assert "secret" not in state.to
    assert "u:p" not in state.to


def test_a_connection_without_tls_is_named() -> None:
    machine = Machine(RuntimeSettings(remote_url="http://llm.example"), "http://hub.example")
    for id in ("remote", "completions"):
        assert "unencrypted" in INSPECTORS[f"safecoder.{id}"](machine).text
