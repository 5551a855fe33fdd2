"""Choosing the model where the setting is ``auto``."""

from __future__ import annotations

import json
import math
import time
from dataclasses import replace
from pathlib import Path

import pytest

from jupyter_safecoder.engines.scripted import write_scripted_model
from jupyter_safecoder.models import AUTO_MODEL, EMBEDDED
from jupyter_safecoder.models.catalogue import read_catalogue
from jupyter_safecoder.models.selected import record_selected_model
from jupyter_safecoder.runtime.model_choice import (
    choose_model,
    keep_keystroke,
    list_models,
    pick_model,
    rank_models,
    read_keystrokes,
)
from jupyter_safecoder.settings import RuntimeSettings

SMALL, LARGE = "qwen2.5-coder-0.5b", "qwen2.5-coder-1.5b"


@pytest.fixture
def settings(tmp_path: Path) -> RuntimeSettings:
    return RuntimeSettings(cache_dir=str(tmp_path / "cache"))


def _install(settings: RuntimeSettings, name: str) -> None:
    write_scripted_model(settings.cache / "models" / name, {"otherwise": name})


def test_a_model_with_better_lines_comes_first() -> None:
    names = rank_models(read_catalogue())
    assert names.index(LARGE) < names.index(SMALL)
    assert EMBEDDED not in names
    # What was not measured by us is never chosen by itself.
    assert "starcoder2-3b" not in names


@pytest.mark.parametrize(
    ("keystrokes", "name", "is_measured", "why"),
    [
        ([150.0, 20.0], "large", True, "(150 ms)"),
        ([151.0, 20.0], "small", True, "(20 ms)"),
        ([None, 20.0], "large", False, "not measured yet"),
        ([200.0, None], "small", False, "not measured yet"),
        ([200.0, 300.0], EMBEDDED, True, "large (200 ms), small (300 ms)"),
        ([math.inf, 20.0], "small", True, "(20 ms)"),
        ([math.inf, 300.0], EMBEDDED, True, "large (its process was killed"),
    ],
)
def test_the_first_that_is_fast_enough(
    keystrokes: list[float | None], name: str, is_measured: bool, why: str
) -> None:
    names = ["large", "small"]
    choice = pick_model(names, dict(zip(names, keystrokes, strict=True)))
    assert (choice.name, choice.is_measured) == (name, is_measured)
    assert why in choice.why


def test_a_model_that_is_named_needs_no_choice(settings: RuntimeSettings) -> None:
    _install(settings, LARGE)
    record_selected_model(settings.cache, LARGE)
    choice = choose_model(replace(settings, model=EMBEDDED))
    assert (choice.name, choice.why) == (EMBEDDED, "")


def test_the_embedded_one_where_there_is_no_other(settings: RuntimeSettings) -> None:
    assert settings.model == AUTO_MODEL
    assert choose_model(settings).name == EMBEDDED
    record_selected_model(settings.cache, SMALL)
    remote = replace(settings, remote_url="http://127.0.0.1:9")
    assert choose_model(remote).name == EMBEDDED


def test_what_is_here_is_measured_once(settings: RuntimeSettings) -> None:
    _install(settings, SMALL)
    _install(settings, LARGE)
    choice = choose_model(settings)
    assert (choice.name, choice.is_measured) == (LARGE, False)
    keep_keystroke(replace(settings, model=LARGE), 400.0)
    assert choose_model(settings).name == SMALL
    keep_keystroke(replace(settings, model=SMALL), 30.0)
    choice = choose_model(settings)
    assert (choice.name, choice.is_measured) == (SMALL, True)
    assert "30 ms" in choice.why
    # The time is that of these options, and can be forgotten.
    assert choose_model(replace(settings, precision="int4")).name == LARGE
    keep_keystroke(replace(settings, model=LARGE), None)
    assert not choose_model(settings).is_measured


def test_what_could_not_be_loaded_is_not_chosen_again(settings: RuntimeSettings) -> None:
    _install(settings, SMALL)
    _install(settings, LARGE)
    record_selected_model(settings.cache, "deleted")
    assert choose_model(settings).name == "deleted"
    assert choose_model(settings, {"deleted"}).name == LARGE
    assert choose_model(settings, {"deleted", LARGE, SMALL}).name == EMBEDDED


@pytest.mark.parametrize("time_ms", [400.0, math.inf])
def test_too_slow_is_measured_again_after_a_day(
    settings: RuntimeSettings, time_ms: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    _install(settings, SMALL)
    _install(settings, LARGE)
    keep_keystroke(replace(settings, model=LARGE), time_ms)
    keep_keystroke(replace(settings, model=SMALL), 30.0)
    hour = 3600.0
    now = time.time()
    for hours, name, is_measured in ((23, SMALL, True), (25, LARGE, False), (-1, LARGE, False)):
        monkeypatch.setattr("time.time", lambda hours=hours: now + hours * hour)
        choice = choose_model(settings)
        assert (choice.name, choice.is_measured) == (name, is_measured)
    # A measurement of another model does not make it valid again.
    monkeypatch.setattr("time.time", lambda: now + 25 * hour)
    keep_keystroke(replace(settings, model=SMALL), 31.0)
    assert choose_model(settings).name == LARGE


@pytest.mark.parametrize("content", ["", "[]", '{"a": "b"}', '{"a": null}', '{"a": 30.0}'])
def test_a_damaged_file_has_no_times(settings: RuntimeSettings, content: str) -> None:
    _install(settings, SMALL)
    keep_keystroke(replace(settings, model=SMALL), 30.0)
    assert read_keystrokes(settings.cache)
    (file,) = settings.cache.glob("*.json")
    assert json.loads(file.read_text())
    file.write_text(content)
    assert read_keystrokes(settings.cache) == {}
    assert not choose_model(settings).is_measured


def test_the_list_says_what_is_here_and_how_to_get_the_others(settings: RuntimeSettings) -> None:
    _install(settings, SMALL)
    listed = list_models(settings, AUTO_MODEL)
    assert (listed.selected, listed.may_download) == (AUTO_MODEL, False)
    models = {model.name: model for model in listed.models}
    assert {name for name, model in models.items() if model.here} == {EMBEDDED, SMALL}
    assert models[SMALL].command == ""
    assert models[LARGE].command == f"jupyter safecoder model get {LARGE}"
    assert models[LARGE].license == "Apache-2.0"
    record_selected_model(settings.cache, SMALL)
    assert list_models(settings, AUTO_MODEL).selected == SMALL
    assert list_models(replace(settings, model=EMBEDDED), AUTO_MODEL).selected == EMBEDDED


def test_the_model_of_the_configuration_is_listed_too(settings: RuntimeSettings) -> None:
    first, *_ = list_models(settings, "/models/ours").models
    assert (first.name, first.here) == ("/models/ours", True)
