"""Adapters are trained by the Hub's service where there is one, else on this machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_safecoder.backends import training_backend
from jupyter_safecoder.clients.hub_environment import SERVICE_TOKEN_VARIABLE, URL_VARIABLE
from jupyter_safecoder.finetune.jobs.backends import LocalTrainingBackend
from jupyter_safecoder.hub.training.client import HubTrainingClient
from jupyter_safecoder.settings import RuntimeSettings


def test_on_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(URL_VARIABLE, raising=False)
    backend = training_backend(lambda: RuntimeSettings(cache_dir=str(tmp_path)))
    assert isinstance(backend, LocalTrainingBackend)


def test_on_a_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    def settings() -> RuntimeSettings:
        raise AssertionError("The settings of this machine are not needed.")

    monkeypatch.setenv(URL_VARIABLE, "http://127.0.0.1:1/")
    monkeypatch.setenv(SERVICE_TOKEN_VARIABLE, "t")
    assert isinstance(training_backend(settings), HubTrainingClient)
