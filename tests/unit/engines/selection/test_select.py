"""The choice on this machine: packages, parameters, and measuring once."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy
import pytest
from safetensors.numpy import save_file

from jupyter_safecoder.engines import Engine, EngineOptions, make_engine
from jupyter_safecoder.engines.scripted import write_scripted_model
from jupyter_safecoder.engines.selection.choice import Choice, EnginePreferences, rank_choices
from jupyter_safecoder.engines.selection.select import (
    find_packages,
    probe_machine,
    select_engine,
)
from jupyter_safecoder.errors import EngineError
from jupyter_safecoder.models import (
    EMBEDDED,
    ModelDescription,
    cache_directory,
    count_parameters,
    resolve_model,
)
from jupyter_safecoder.models.description import ModelFile
from tests.support.processes import run_python


def _safetensors(path: Path, *shapes: list[int]) -> ModelFile:
    save_file({f"t{n}": numpy.zeros(s, "float16") for n, s in enumerate(shapes)}, path)
    return ModelFile(path, path.stat().st_size)


@pytest.fixture
def checkpoint(tmp_path: Path) -> ModelDescription:
    script = resolve_model(str(write_scripted_model(tmp_path / "model", {"otherwise": "a" * 600})))
    files = (
        _safetensors(tmp_path / "model-1.safetensors", [10, 30], [7]),
        _safetensors(tmp_path / "model-2.safetensors", [2, 3, 4], []),
    )
    return replace(script, format="checkpoint", architecture="gpt_bigcode", files=files)


def test_parameters_are_those_of_the_headers(checkpoint: ModelDescription) -> None:
    assert count_parameters(checkpoint) == 300 + 7 + 24 + 1


def test_the_embedded_model_is_run_without_conversion() -> None:
    choice = select_engine(EnginePreferences(), resolve_model(EMBEDDED))
    assert (choice.engine, choice.device, choice.precision) == ("openvino", "CPU", "")
    assert choice.hardware.startswith("CPU (")
    with pytest.raises(EngineError, match="device 'hpu'"):
        select_engine(EnginePreferences(device="hpu"), resolve_model(EMBEDDED))


def test_two_candidates_are_measured_once(tmp_path: Path, checkpoint: ModelDescription) -> None:
    loaded = []

    def load(choice: Choice) -> Engine:
        loaded.append((choice.engine, choice.device, choice.precision))
        # The choice that should be faster is the slower one.
        script = {"otherwise": "a" * 600, "token_ms": 30 / len(loaded)}
        model = resolve_model(str(write_scripted_model(tmp_path / f"{len(loaded)}", script)))
        engine = make_engine("scripted", model, EngineOptions())
        engine.load()
        return engine

    choices = rank_choices(
        checkpoint, probe_machine(), EnginePreferences(), count_parameters(checkpoint)
    )
    measured = EnginePreferences(engine="measured")
    assert select_engine(measured, checkpoint) == choices[0]
    choice = select_engine(measured, checkpoint, load)
    first, second = [(c.engine, c.device, c.precision) for c in choices[:2]]
    assert loaded == [first, second]
    assert (choice.engine, choice.device, choice.precision) == second
    assert "measured on this machine" in choice.why
    assert (
        select_engine(measured, checkpoint, load) == select_engine(measured, checkpoint) == choice
    )
    assert len(loaded) == 2
    assert (cache_directory() / "engine_measurements.json").is_file()


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("cuda: Optional[str] = None", {}),
        ("cuda: Optional[str] = '12.6'", {"torch+cuda": "12.6"}),
        ("cuda = '12.1'", {"torch+cuda": "12.1"}),
        ("cuda = None\nhip: Optional[str] = '6.2.4'", {"torch+rocm": "6.2.4"}),
    ],
)
def test_what_pytorch_was_built_for_without_importing_it(
    tmp_path: Path, line: str, expected: dict[str, str]
) -> None:
    (tmp_path / "torch").mkdir()
    (tmp_path / "torch" / "__init__.py").write_text("raise SystemExit('imported')\n")
    (tmp_path / "torch" / "version.py").write_text(f"__version__ = '2.9.1'\n{line}\n")
    (tmp_path / "torch-2.9.1.dist-info").mkdir()
    (tmp_path / "torch-2.9.1.dist-info" / "METADATA").write_text("Name: torch\nVersion: 2.9.1\n")
    code = (
        "import json; from jupyter_safecoder.engines.selection.select import find_packages as f; "
    )
    found = json.loads(run_python(code + "print(json.dumps(f()))", PYTHONPATH=str(tmp_path)).stdout)
    assert found["torch"] == "2.9.1"
    assert {name: version for name, version in found.items() if "+" in name} == expected


def test_packages_of_this_environment() -> None:
    assert "openvino-genai" in find_packages()


def test_measurements_of_version_0_1_are_ignored(checkpoint: ModelDescription) -> None:
    """It kept them in ``trials.json``: they are measured again."""
    cache = cache_directory()
    cache.mkdir(parents=True)
    (cache / "trials.json").write_text('{"key": [{"engine": "x"}]}')
    measured = EnginePreferences(engine="measured")
    assert "measured on this machine" not in select_engine(measured, checkpoint).why
    assert (cache / "trials.json").is_file()
