"""An adapter is activated, and the previous one again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from jupyter_safecoder.adapters.card import Card
from jupyter_safecoder.adapters.peft_files import CONFIG, WEIGHTS
from jupyter_safecoder.adapters.registry import Registry
from jupyter_safecoder.errors import FinetuneError
from jupyter_safecoder.finetune.jobs import activation
from jupyter_safecoder.finetune.jobs.activation import activate_adapter
from jupyter_safecoder.models import EMBEDDED, resolve_model
from jupyter_safecoder.protocol import Status
from jupyter_safecoder.settings import RuntimeSettings


class Runtime:
    """A runtime that serves a model."""

    def __init__(self, model: str) -> None:
        self.served = replace(resolve_model(EMBEDDED).info(), name=model)
        self.used: list[str] = []

    def status(self) -> Status:
        return Status("ready", "", model=self.served)

    def use_adapter(self, name: str) -> None:
        self.used.append(name)


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    registry = Registry(tmp_path / "cache")
    base = registry.base_hash(resolve_model(EMBEDDED))
    for name, base_sha256, accepted, reason in (
        ("good", base, True, "Accepted."),
        ("bad", base, False, "Rejected: worse."),
        ("other", "0" * 64, True, ""),
    ):
        card = Card(name, EMBEDDED, base_sha256, "", {}, {}, {}, {}, {}, accepted, reason, "", "")
        with registry.staging(name) as staged:
            for file in (WEIGHTS, CONFIG):
                (staged / file).write_text(name)
            registry.commit(staged, card)
    return registry


@pytest.fixture
def settings(tmp_path: Path) -> RuntimeSettings:
    return RuntimeSettings(cache_dir=str(tmp_path / "cache"))


def run(monkeypatch: pytest.MonkeyPatch, runtime: Runtime | None) -> None:
    @contextmanager
    def running() -> Iterator[Any]:
        yield runtime

    monkeypatch.setattr(activation, "running_runtime", running)


def test_without_a_runtime_it_is_recorded(
    registry: Registry, settings: RuntimeSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(monkeypatch, None)
    report = activate_adapter(settings, "good")
    assert report == {"adapter": "good", "previous": None, "switched": False, "warning": ""}
    assert registry.in_use(EMBEDDED) == "good"
    report = activate_adapter(settings, "bad")
    assert (report["previous"], report["warning"]) == ("good", "Rejected: worse.")
    assert activate_adapter(settings, "", previous=True)["adapter"] == "good"
    assert activate_adapter(settings, "", previous=True)["adapter"] == "bad"
    assert activate_adapter(settings, "")["adapter"] is None


def test_a_running_runtime_loads_it(
    registry: Registry, settings: RuntimeSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime = Runtime(f"{EMBEDDED}+before")
    run(monkeypatch, runtime)
    assert activate_adapter(settings, "good")["switched"]
    assert runtime.used == ["good"]


def test_a_runtime_of_another_model_does_not(
    registry: Registry, settings: RuntimeSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime = Runtime("another")
    run(monkeypatch, runtime)
    assert not activate_adapter(settings, "good")["switched"]
    assert runtime.used == []


@pytest.mark.parametrize(
    ("name", "reason"),
    [("nowhere", "no adapter 'nowhere'"), ("other", "these are not the weights")],
)
def test_an_adapter_that_does_not_fit_is_not_recorded(
    name: str,
    reason: str,
    registry: Registry,
    settings: RuntimeSettings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run(monkeypatch, None)
    with pytest.raises(FinetuneError, match=reason):
        activate_adapter(settings, name)
    assert registry.in_use(EMBEDDED) == ""
