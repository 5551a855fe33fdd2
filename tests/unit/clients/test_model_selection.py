"""A model is selected, and the previous one again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from jupyter_safecoder.clients import model_selection
from jupyter_safecoder.clients.model_selection import select_model
from jupyter_safecoder.engines.scripted import write_scripted_model
from jupyter_safecoder.errors import ModelError, RuntimeRequestError
from jupyter_safecoder.models import AUTO_MODEL, EMBEDDED
from jupyter_safecoder.models.selected import record_selected_model, selected_model
from jupyter_safecoder.settings import RuntimeSettings


class Runtime:
    """A runtime that loads and records models, but for one of them."""

    def __init__(self, cache: Path, broken: str = "") -> None:
        self.cache = cache
        self.broken = broken
        self.used: list[str] = []

    def use_model(self, name: str) -> None:
        if name == self.broken:
            raise RuntimeRequestError("It does not fit.", "Take a smaller one.")
        self.used.append(name)
        record_selected_model(self.cache, "" if name == AUTO_MODEL else name)


def run(monkeypatch: pytest.MonkeyPatch, runtime: Runtime | None) -> None:
    @contextmanager
    def running() -> Iterator[Runtime | None]:
        yield runtime

    monkeypatch.setattr(model_selection, "running_runtime", running)


@pytest.fixture
def settings(tmp_path: Path) -> RuntimeSettings:
    return RuntimeSettings(cache_dir=str(tmp_path / "cache"))


@pytest.fixture
def other(tmp_path: Path) -> str:
    return str(write_scripted_model(tmp_path / "other", {"otherwise": "pass"}))


def test_the_running_runtime_loads_it(
    monkeypatch: pytest.MonkeyPatch, settings: RuntimeSettings, other: str
) -> None:
    run(monkeypatch, runtime := Runtime(settings.cache))
    report = select_model(settings, other)
    assert report == {"model": other, "previous": AUTO_MODEL, "switched": True}
    assert select_model(settings, EMBEDDED)["previous"] == other
    assert select_model(settings, "", previous=True)["model"] == other
    assert select_model(settings, AUTO_MODEL)["previous"] == other
    assert runtime.used == [other, EMBEDDED, other, AUTO_MODEL]
    assert selected_model(settings.cache) == ""


def test_without_a_runtime_the_next_one_loads_it(
    monkeypatch: pytest.MonkeyPatch, settings: RuntimeSettings, other: str
) -> None:
    run(monkeypatch, None)
    assert not select_model(settings, other)["switched"]
    assert selected_model(settings.cache) == other


def test_what_cannot_be_loaded_is_not_selected(
    monkeypatch: pytest.MonkeyPatch, settings: RuntimeSettings, other: str
) -> None:
    run(monkeypatch, runtime := Runtime(settings.cache, broken=other))
    select_model(settings, EMBEDDED)
    with pytest.raises(RuntimeRequestError, match="does not fit"):
        select_model(settings, other)
    with pytest.raises(ModelError):
        select_model(settings, "no-such-model")
    assert runtime.used == [EMBEDDED]
    assert selected_model(settings.cache) == EMBEDDED
