"""Measuring engines, and keeping the results."""

from __future__ import annotations

import json
import weakref
from pathlib import Path
from typing import Any

import pytest

from jupyter_safecoder.engines import Engine, EngineOptions, make_engine
from jupyter_safecoder.engines.hardware.device import Accelerator
from jupyter_safecoder.engines.scripted import write_scripted_model
from jupyter_safecoder.engines.selection.autotune import (
    Measurement,
    measure_choices,
    measure_engine,
    measurement_key,
    pick_fastest,
    read_measurements,
    write_measurements,
)
from jupyter_safecoder.engines.selection.choice import Choice, Machine
from jupyter_safecoder.errors import EngineError
from jupyter_safecoder.models import resolve_model

LONG = "a" * 600


def _scripted(directory: Path, **script: Any) -> Engine:
    model = resolve_model(str(write_scripted_model(directory, {"otherwise": LONG, **script})))
    engine = make_engine("scripted", model, EngineOptions())
    engine.load()
    return engine


def _choice(engine: str) -> Choice:
    return Choice(engine, "", "int8", "CPU", "")


def test_the_times_are_those_of_the_script(tmp_path: Path) -> None:
    engine = _scripted(tmp_path, first_token_ms=60, token_ms=10)
    ttft_ms, tpot_ms = measure_engine(engine, 1024, seconds=0.3)
    assert 60 <= ttft_ms < 120
    assert 10 <= tpot_ms < 20
    assert not engine.busy()


def test_a_completion_that_ends_early_is_enough(tmp_path: Path) -> None:
    engine = _scripted(tmp_path, otherwise="abc", token_ms=10)
    assert 10 <= measure_engine(engine, 1024, seconds=5)[1] < 20


@pytest.mark.parametrize("script", [{"otherwise": ""}, {"otherwise": "a"}])
def test_an_engine_that_generates_too_little(tmp_path: Path, script: dict[str, Any]) -> None:
    with pytest.raises(EngineError, match=r"generated [01] tokens"):
        measure_engine(_scripted(tmp_path, **script), 1024)


def test_an_engine_that_never_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jupyter_safecoder.engines.selection.autotune._TIMEOUT_S", 0.2)
    engine = _scripted(tmp_path, answers=[{"after": "", "text": "a", "stall": True}])
    with pytest.raises(EngineError, match="generated 0 tokens"):
        measure_engine(engine, 1024, seconds=0.1)


def test_the_fastest_is_chosen_and_one_is_in_memory_at_a_time(tmp_path: Path) -> None:
    loaded: list[weakref.ref[Engine]] = []

    def load(choice: Choice) -> Engine:
        assert [engine() for engine in loaded] == [None] * len(loaded)
        if choice.engine == "broken":
            raise EngineError("It is broken.", "Fix it.")
        token_ms = {"slow": 20, "fast": 5}[choice.engine]
        engine = _scripted(tmp_path / choice.engine, token_ms=token_ms)
        loaded.append(weakref.ref(engine))
        return engine

    choices = [_choice("slow"), _choice("broken"), _choice("fast")]
    measurements = measure_choices(choices, load, 1024)
    assert len(loaded) == 2
    assert [m.error for m in measurements] == ["", "It is broken.", ""]
    best = pick_fastest(choices, measurements)
    assert best.engine == "fast"
    for part in ("slow int8 2", "broken int8 It is broken.", "fast int8"):
        assert part in best.why


def test_all_measurements_failed() -> None:
    with pytest.raises(EngineError, match="It is broken"):
        pick_fastest([_choice("a")], [Measurement("a", "", "int8", error="It is broken.")])


def test_an_equal_tpot_is_decided_by_ttft() -> None:
    measurements = [Measurement("a", "", "int8", 50, 10), Measurement("b", "", "int8", 40, 10)]
    assert pick_fastest([_choice("a"), _choice("b")], measurements).engine == "b"


def test_measurements_are_kept_under_their_key(tmp_path: Path) -> None:
    path = tmp_path / "cache" / "engine_measurements.json"
    first, second = (
        [Measurement("a", "CPU", "int8", 5.5, 1.5)],
        [Measurement("b", "", "", error="no")],
    )
    assert read_measurements(path, "one") == []
    write_measurements(path, "one", first)
    write_measurements(path, "two", second)
    assert read_measurements(path, "one") == first
    assert read_measurements(path, "two") == second
    assert read_measurements(path, "three") == []
    assert [p.name for p in path.parent.iterdir()] == ["engine_measurements.json"]


@pytest.mark.parametrize("content", ["", "[]", '{"one": 1}', '{"one": [{"x": 1}]}', "{"])
def test_a_broken_file_is_replaced(tmp_path: Path, content: str) -> None:
    path = tmp_path / "engine_measurements.json"
    path.write_text(content)
    assert read_measurements(path, "one") == []
    write_measurements(path, "one", [Measurement("a", "", "")])
    assert read_measurements(path, "one") == [Measurement("a", "", "")]
    json.loads(path.read_text())


def test_the_key_covers_all_that_a_measurement_depends_on(tmp_path: Path) -> None:
    model = resolve_model(str(write_scripted_model(tmp_path / "a", {"otherwise": "a"})))
    other = resolve_model(str(write_scripted_model(tmp_path / "b", {"otherwise": "b"})))
    cpu = Accelerator("cpu", "x", 5, ("avx2",), 2)
    machine, choices = Machine([cpu], {"torch": "2.13"}), [_choice("a"), _choice("b")]
    key = measurement_key(model, machine, choices)
    # Free memory is not part of it.
    freer = Machine([Accelerator("cpu", "x", 9, ("avx2",), 2)], {"torch": "2.13"})
    assert measurement_key(model, freer, choices) == key
    others = {
        key,
        measurement_key(other, machine, choices),
        measurement_key(model, machine, choices[:1]),
        measurement_key(model, Machine([cpu], {"torch": "2.14"}), choices),
        measurement_key(
            model, Machine([Accelerator("cpu", "x", 5, (), 4)], machine.installed), choices
        ),
    }
    assert len(others) == 5
