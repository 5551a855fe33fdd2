"""The extension application: settings from traits, and the choice of the backend."""

from __future__ import annotations

import os

import pytest
from traitlets import TraitError

from jupyter_safecoder.clients.host import host_tag
from jupyter_safecoder.clients.hub_backend import HubBackend
from jupyter_safecoder.clients.hub_environment import URL_VARIABLE
from jupyter_safecoder.clients.local_backend import LocalBackend
from jupyter_safecoder.extension import SafeCoder


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> SafeCoder:
    monkeypatch.delenv(URL_VARIABLE, raising=False)
    return SafeCoder()


def test_settings_are_those_of_the_traits(app: SafeCoder) -> None:
    app.set_trait("model", "other")
    app.set_trait("deadline_s", 3.0)
    app.set_trait("precision", "int4")
    settings = app.runtime_settings()
    assert (settings.model, settings.deadline_s, settings.precision) == ("other", 3.0, "int4")
    assert settings.connection_name == f"safecoder-{host_tag()}-{os.getpid()}"


@pytest.mark.parametrize("name", ["auto", "measured", "openvino", "scripted", "remote"])
def test_engines_that_there_are(app: SafeCoder, name: str) -> None:
    app.set_trait("engine", name)
    assert app.runtime_settings().engine == name


def test_an_engine_that_there_is_not(app: SafeCoder) -> None:
    with pytest.raises(TraitError, match=r"no engine named .soroban.; there are: .*openvino"):
        app.set_trait("engine", "soroban")


def test_a_server_has_a_runtime_of_its_own(app: SafeCoder) -> None:
    app.initialize_settings()
    assert isinstance(app.settings["safecoder_backend"], LocalBackend)
    assert app.settings["safecoder_max_request_bytes"] == app.runtime_settings().max_request_bytes


@pytest.mark.parametrize("by_environment", [False, True])
def test_a_user_s_server_on_a_hub_uses_the_service(
    app: SafeCoder, monkeypatch: pytest.MonkeyPatch, by_environment: bool
) -> None:
    url = "https://hub/services/safecoder"
    if by_environment:
        monkeypatch.setenv(URL_VARIABLE, url)
        app = SafeCoder()
    else:
        app.service_url = url
    app.initialize_settings()
    assert isinstance(app.settings["safecoder_backend"], HubBackend)


@pytest.mark.parametrize(("scheme", "warned"), [("http", True), ("https", False)])
def test_a_service_without_tls_is_a_warning_in_the_log(
    app: SafeCoder, caplog: pytest.LogCaptureFixture, scheme: str, warned: bool
) -> None:
    app.service_url = f"{scheme}://hub:8765/services/safecoder"
    app.log.addHandler(caplog.handler)
    app.initialize_settings()
    assert ("unencrypted" in caplog.text) is warned
