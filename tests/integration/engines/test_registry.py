"""Engines of other packages, which are really installed beside those of the interpreter."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from jupyter_safecoder.engines.scripted import write_scripted_model
from tests.support.processes import run_python

ENGINE = """
from jupyter_safecoder.engines.scripted import ScriptedEngine

class Abacus(ScriptedEngine):
    name = "abacus"

    def __init__(self, model, options):
        super().__init__(model, options)
        self.device = options.device
"""
MAKE = """
import json, sys
from jupyter_safecoder.engines import EngineOptions, engine_names, make_engine
from jupyter_safecoder.errors import EngineError
from jupyter_safecoder.models import resolve_model
from jupyter_safecoder.engines.selection.select import select_engine
from jupyter_safecoder.settings import RuntimeSettings
model = resolve_model({model!r})
choice = select_engine(RuntimeSettings(engine="abacus", device="beads").engine_preferences, model)
try:
    engine = make_engine(choice.engine, model, EngineOptions(device=choice.device))
    engine.load()
    result = [engine.name, engine.device]
except EngineError as error:
    result = [error.reason, error.remedy]
print(json.dumps([engine_names(), result]))
"""


def _install(site: Path, code: str) -> None:
    """Write the files of an installed package, as pip does."""
    site.mkdir()
    (site / "abacus.py").write_text(code)
    information = site / "abacus_engine-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: abacus-engine\nVersion: 1\n"
    )
    (information / "entry_points.txt").write_text(
        "[jupyter_safecoder.engines]\nabacus = abacus:Abacus\n"
    )


def _make(tmp_path: Path) -> tuple[list[str], list[str]]:
    model = write_scripted_model(tmp_path / "model", {"otherwise": "1"})
    done = run_python(MAKE.format(model=str(model)), PYTHONPATH=str(tmp_path / "site"))
    names, result = json.loads(done.stdout)
    return names, result


def test_an_installed_engine_is_found_and_made(tmp_path: Path) -> None:
    _install(tmp_path / "site", ENGINE)
    names, result = _make(tmp_path)
    assert "abacus" in names
    assert "openvino" in names
    assert result == ["abacus", "beads"]


@pytest.mark.parametrize("code", ["import no_such_library\n", "Wire = 1\n"])
def test_an_engine_that_cannot_be_imported(tmp_path: Path, code: str) -> None:
    _install(tmp_path / "site", code)
    names, (reason, remedy) = _make(tmp_path)
    assert "abacus" in names
    assert reason.startswith("The engine 'abacus' of abacus:Abacus cannot be imported")
    assert remedy


def test_an_engine_that_is_not_installed(tmp_path: Path) -> None:
    names, (reason, remedy) = _make(tmp_path)
    assert "abacus" not in names
    assert reason == "There is no engine named 'abacus'."
    assert "openvino" in remedy


TRAIT = """
import json
from jupyter_safecoder.extension.app import SafeCoder
from traitlets import TraitError
app = SafeCoder()
results = []
for name in ("auto", "measured", "remote", "abacus", "soroban"):
    try:
        app.engine = name
        results.append(app.runtime_settings().engine)
    except TraitError as error:
        results.append(str(error))
print(json.dumps(results))
"""


def test_the_trait_accepts_the_engines_that_exist(tmp_path: Path) -> None:
    _install(tmp_path / "site", ENGINE)
    results = json.loads(run_python(TRAIT, PYTHONPATH=str(tmp_path / "site")).stdout)
    assert results[:4] == ["auto", "measured", "remote", "abacus"]
    assert results[4].startswith("There is no engine named 'soroban'; there are: auto, measured, ")
    assert "abacus" in results[4]
