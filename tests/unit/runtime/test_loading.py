"""From the settings to a loaded engine: the states, and what is refused."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from jupyter_safecoder.adapters.registry import Registry
from jupyter_safecoder.engines.scripted import write_scripted_model
from jupyter_safecoder.errors import EngineError, FinetuneError, ModelError
from jupyter_safecoder.models.selected import record_selected_model
from jupyter_safecoder.runtime import loading
from jupyter_safecoder.runtime.load_memory import MemoryEstimate
from jupyter_safecoder.runtime.loading import (
    NO_ADAPTER,
    choose_engine,
    load,
    remote_server,
    resolve_base_model,
)
from jupyter_safecoder.runtime.model_choice import (
    MAX_KEYSTROKE_MS,
    keep_keystroke,
    read_keystrokes,
)
from jupyter_safecoder.settings import RuntimeSettings
from tests.support.tiny_gguf import write_mixed_gguf


@pytest.fixture
def settings(tmp_path: Path) -> RuntimeSettings:
    model = write_scripted_model(tmp_path / "model", {"otherwise": "pass"})
    return RuntimeSettings(str(model), engine="scripted", cache_dir=str(tmp_path / "cache"))


def _ignore(state: str, reason: str, **changes: object) -> None:
    pass


def test_each_state_has_a_reason(settings: RuntimeSettings) -> None:
    seen: list[tuple[str, str]] = []
    memory: list[MemoryEstimate | None] = []

    def on_status(state: str, reason: str, **changes: object) -> None:
        seen.append((state, reason))

    loaded = load(settings, on_status, memory.append)
    assert loaded.model.name == "scripted"
    assert loaded.engine.name == "scripted"
    assert (loaded.adapter, loaded.note) == ("", "")
    states = [state for state, _ in seen]
    assert states == sorted(states, key=["preparing", "loading"].index)
    assert states[-1] == "loading"
    assert all(reason.endswith(".") for _, reason in seen)
    assert isinstance(memory[0], MemoryEstimate)
    assert memory[1:] == [None]


def test_an_adapter_that_was_asked_for_must_load(settings: RuntimeSettings) -> None:
    with pytest.raises(EngineError, match="none"):
        load(replace(settings, adapter="none"), _ignore)


def test_an_active_adapter_that_cannot_be_used_is_a_note(
    settings: RuntimeSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: object) -> None:
        raise FinetuneError("It is altered.", "Train it again.")

    monkeypatch.setattr(loading, "load_merged", fail)
    monkeypatch.setattr(Registry, "in_use", lambda self, model: "ours")
    loaded = load(settings, _ignore)
    assert loaded.adapter == ""
    assert loaded.note == "It is altered. The model is served without it. Train it again."
    assert load(replace(settings, adapter=NO_ADAPTER), _ignore).note == ""


def test_a_model_that_is_not_there(settings: RuntimeSettings) -> None:
    with pytest.raises(ModelError, match="/none"):
        resolve_base_model(replace(settings, model="/none"))


@pytest.mark.parametrize(
    ("changes", "settings_changes", "reason"),
    [
        ({"family": "unknown"}, {}, "family or layout that this version does not know"),
        ({"layouts": ["spm"]}, {"layout": "psm"}, "not trained on the layout 'psm'"),
    ],
)
def test_a_description_that_does_not_fit(
    settings: RuntimeSettings,
    changes: dict[str, Any],
    settings_changes: dict[str, Any],
    reason: str,
) -> None:
    path = Path(settings.model) / "model.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))
    with pytest.raises(ModelError, match=reason):
        load(replace(settings, **settings_changes), _ignore)


def test_weights_that_do_not_fit_into_the_memory(
    settings: RuntimeSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    build = loading.build_engine
    monkeypatch.setattr(loading, "available_bytes", lambda: 10**9)
    monkeypatch.setattr(loading, "build_engine", lambda *given: (build(*given)[0], 2 * 10**9))
    memory: list[MemoryEstimate | None] = []
    with pytest.raises(EngineError, match=r"2\.0 GB of weights; 1\.0 GB of memory are free"):
        load(replace(settings, device="cpu"), _ignore, memory.append)
    assert memory == []


def test_the_server_of_the_settings() -> None:
    assert remote_server(RuntimeSettings()) is None
    server = remote_server(RuntimeSettings(remote_url="https://host", deadline_s=10))
    assert server is not None
    assert (server.url, server.token_timeout_s) == ("https://host", 8.0)


SMALL, LARGE = "qwen2.5-coder-0.5b", "qwen2.5-coder-1.5b"


@pytest.fixture
def auto(tmp_path: Path) -> RuntimeSettings:
    """Return settings with two models of the catalogue on this disk, of which one is slow."""
    cache = tmp_path / "cache"
    for name, first_token_ms in ((SMALL, 0), (LARGE, 160)):
        script = {"otherwise": name, "first_token_ms": first_token_ms}
        write_scripted_model(cache / "models" / name, script)
    return RuntimeSettings(cache_dir=str(cache))


def _served(settings: RuntimeSettings) -> tuple[str, str]:
    loaded = load(settings, _ignore)
    return loaded.model.weights.parent.name, loaded.note


def test_the_best_model_that_is_fast_enough_is_served(auto: RuntimeSettings) -> None:
    assert _served(auto) == (SMALL, "")
    times = sorted(read_keystrokes(auto.cache).values())
    assert times[0] < MAX_KEYSTROKE_MS < times[1]
    assert resolve_base_model(auto).weights.parent.name == SMALL
    # At the next start nothing is measured again.
    (auto.cache / "models" / LARGE / "script.json").unlink()
    assert _served(auto) == (SMALL, "")


def test_a_model_that_cannot_be_loaded_is_a_note(auto: RuntimeSettings) -> None:
    (auto.cache / "models" / LARGE / "script.json").unlink()
    name, note = _served(auto)
    assert name == SMALL
    assert note.startswith(f"{LARGE} cannot be served: ")
    # Its reason may pass: it is tried again.
    assert len(read_keystrokes(auto.cache)) == 1


def test_a_model_whose_process_was_killed_is_not_tried_again(auto: RuntimeSettings) -> None:
    keep_keystroke(replace(auto, model=LARGE), math.inf)
    assert _served(auto) == (SMALL, "")


def test_the_selected_model_is_served_however_slow(auto: RuntimeSettings) -> None:
    record_selected_model(auto.cache, LARGE)
    assert _served(auto) == (LARGE, "")
    assert read_keystrokes(auto.cache) == {}


def test_a_gguf_is_served_unchanged_if_it_cannot_be_converted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_mixed_gguf(tmp_path / "x.gguf", ["Q4_K", "Q6_K"])
    settings = RuntimeSettings(str(path), cache_dir=str(tmp_path / "cache"))
    model = resolve_base_model(settings)
    assert choose_engine(settings, model).precision == "int8"
    monkeypatch.setattr("jupyter_safecoder.conversion.converter.available_bytes", lambda: 10**8)
    choice = choose_engine(settings, model)
    assert (choice.engine, choice.precision) == ("openvino", "")
    assert choice.why == (
        "The GGUF file is served unchanged. Converting x needs 1.0 GB of memory; 0.1 GB are free."
    )
    # A precision that was asked for, and a file that OpenVINO does not read: the conversion fails.
    assert choose_engine(replace(settings, precision="int8"), model).precision == "int8"
    other = resolve_base_model(replace(settings, model=str(write_mixed_gguf(tmp_path / "y.gguf"))))
    assert choose_engine(settings, other).precision == "int8"
