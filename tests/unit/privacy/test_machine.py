"""Settings, packages and switches are read as they are on this machine."""

from __future__ import annotations

from pathlib import Path

import pytest
from traitlets.config import Config

from jupyter_safecoder.privacy.machine import (
    Machine,
    configured_settings,
    installed_packages,
    read_intel_consent,
    read_machine,
    service_url,
)


def test_the_settings_of_a_configuration() -> None:
    config = Config()
    config.SafeCoder.remote_url = "https://llm.example"
    config.SafeCoder.start_runtime = "never"  # no setting of a runtime
    assert configured_settings(config).remote_url == "https://llm.example"
    assert configured_settings({}).remote_url == ""


def test_the_configuration_of_a_service_comes_before_the_environment() -> None:
    environment = {"JUPYTER_SAFECODER_SERVICE_URL": "http://hub.example"}
    assert service_url({}, environment) == "http://hub.example"
    assert service_url({"SafeCoder": {"service_url": ""}}, environment) == ""


def test_traits_with_and_without_a_value() -> None:
    config = Config()
    config.LabApp.news_url = None
    config.EventLogger.handlers.append("handler")
    machine = Machine(config=config)
    assert machine.trait("LabApp.news_url", "default") is None
    assert machine.trait("LabApp.other", "default") == "default"
    assert machine.trait("NoApp.other") is None
    assert machine.trait("EventLogger.handlers") == ["handler"]


def test_the_consent_to_telemetry(tmp_path: Path) -> None:
    assert read_intel_consent(tmp_path) == ""
    (tmp_path / "intel").mkdir()
    (tmp_path / "intel/openvino_telemetry").write_text("0\n")
    assert read_intel_consent(tmp_path) == "0"


def test_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    machine = read_machine({"SafeCoder": {"allow_downloads": True}})
    assert machine.environment["HF_HUB_OFFLINE"] == "1"
    assert machine.settings.allow_downloads
    assert machine.packages == installed_packages()
    assert {"traitlets", "jupyter-server"} <= machine.packages.keys()
