"""Arguments that commands share, and the settings and runtime that they describe."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from jupyter_safecoder.cli.options import (
    add_command,
    add_engine_arguments,
    add_remote_arguments,
    add_runtime_arguments,
    runtime,
    settings,
)
from jupyter_safecoder.clients import discovery
from jupyter_safecoder.settings import RuntimeSettings
from tests.support.fake_client import FakeClient


def _parsed(*arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_runtime_arguments(parser)
    add_remote_arguments(parser)
    return parser.parse_args(arguments)


def test_settings_of_the_arguments() -> None:
    assert settings(_parsed()) == RuntimeSettings()
    arguments = ("--model", "m", "--precision", "int4", "--allow-downloads", "--remote-url", "u")
    assert settings(_parsed(*arguments)) == RuntimeSettings(
        "m", precision="int4", allow_downloads=True, remote_url="u"
    )


def test_engine_arguments_do_not_name_a_model() -> None:
    parser = argparse.ArgumentParser()
    add_engine_arguments(parser)
    assert "model" not in vars(parser.parse_args([]))


@pytest.mark.parametrize("json_output", [True, False])
def test_a_command_runs_with_its_arguments(json_output: bool) -> None:
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers()
    add_command(commands, "do", lambda arguments: 7, "do it", json_output=json_output)
    arguments = parser.parse_args(["do", "--json"] if json_output else ["do"])
    assert arguments.run(arguments) == 7
    assert hasattr(arguments, "json") is json_output


@pytest.mark.parametrize(
    ("is_running", "arguments", "expected"),
    [(True, (), "running"), (True, ("--model", "m"), "new"), (False, (), "new")],
)
def test_a_running_runtime_is_used_unless_options_name_another(
    monkeypatch: pytest.MonkeyPatch, is_running: bool, arguments: tuple[str, ...], expected: str
) -> None:
    running, new = (FakeClient(lambda request: []) for _ in range(2))

    @contextmanager
    def running_runtime() -> Iterator[Any]:
        yield running if is_running else None

    @contextmanager
    def own_runtime(settings: RuntimeSettings) -> Iterator[Any]:
        yield new

    monkeypatch.setattr(discovery, "running_runtime", running_runtime)
    monkeypatch.setattr(discovery, "own_runtime", own_runtime)
    with runtime(_parsed(*arguments)) as client:
        assert client is {"running": running, "new": new}[expected]
