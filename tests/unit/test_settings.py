"""Settings of a runtime: one declaration for traits, arguments and the runtime's job."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path

import pytest

from jupyter_safecoder.models import cache_directory
from jupyter_safecoder.option import json_schema, options_of
from jupyter_safecoder.settings import RuntimeSettings


def test_every_field_but_the_name_of_the_connection_is_an_option() -> None:
    names = [declared.name for declared in options_of(RuntimeSettings)]
    assert [field.name for field in fields(RuntimeSettings)] == [*names, "connection_name"]
    assert all(declared.help.endswith(".") for declared in options_of(RuntimeSettings))


def test_defaults_fit_their_own_schema() -> None:
    from jupyter_safecoder.validation import validate

    defaults = {declared.name: declared.default for declared in options_of(RuntimeSettings)}
    assert validate(json_schema(RuntimeSettings), defaults, "the defaults") == defaults


def test_settings_survive_the_pipe() -> None:
    settings = RuntimeSettings(
        "model",
        precision="int4",
        deadline_s=2.5,
        catalogues=("a",),
        block_licenses=("GPL-*",),
        connection_name="safe",
    )
    line = settings.to_json()
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert RuntimeSettings.from_json(line) == settings
    assert json.loads(line)["precision"] == "int4"


@pytest.mark.parametrize(
    ("url", "engine", "remote"),
    [
        ("", "auto", False),
        ("https://host", "auto", True),
        ("https://host", "remote", True),
        ("https://host", "openvino", False),
    ],
)
def test_a_server_runs_the_model_unless_another_engine_is_chosen(
    url: str, engine: str, remote: bool
) -> None:
    assert RuntimeSettings(remote_url=url, engine=engine).remote is remote


def test_the_cache_directory() -> None:
    assert RuntimeSettings().cache == cache_directory()
    assert RuntimeSettings(cache_dir="~/cache").cache == Path.home() / "cache"
