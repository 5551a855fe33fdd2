"""The extras with torch, in an empty environment: minutes of installing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.tiny_checkpoints import write_tiny
from tests.support.virtual_environment import VirtualEnvironment, wheel, with_extras

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> VirtualEnvironment:
    """Return an environment with the extras that belong together, and the embedded model."""
    environment = VirtualEnvironment(tmp_path_factory.mktemp("full"))
    extras = with_extras("lab", "local", "checkpoints", "finetune", "hub")
    environment.install(extras, wheel("safecoder_smol_135m"))
    return environment


def test_the_requirements_fit_together(full: VirtualEnvironment) -> None:
    done = full.pip("check")
    assert done.returncode == 0, done.stdout


def test_the_doctor_finds_nothing_wrong(full: VirtualEnvironment) -> None:
    report = json.loads(full.run("jupyter", "safecoder", "doctor", "--json").stdout)
    assert report["ok"], [check for check in report["checks"] if not check["ok"]]


def test_a_checkpoint_is_converted(full: VirtualEnvironment, tmp_path: Path) -> None:
    write_tiny(tmp_path / "tiny", "llama")
    cache = ("--cache-dir", str(tmp_path / "cache"))
    done = full.run(
        "jupyter", "safecoder", "model", "prepare", str(tmp_path / "tiny"), "--json", *cache
    )
    assert done.returncode == 0, done.stderr
    prepared = json.loads(done.stdout)
    assert prepared["engine"] == "openvino"
    assert Path(prepared["directory"], "openvino_model.xml").is_file()


def test_a_corpus_is_read(full: VirtualEnvironment) -> None:
    notebook = full.write_notebook("team.ipynb", ["import numpy as np\nnp.linspace(0, 1, 11)\n"])
    done = full.run("jupyter", "safecoder", "corpus", notebook, "--json")
    assert done.returncode == 0, done.stderr
    (taken,) = json.loads(done.stdout)["taken"]
    assert Path(taken["path"]).name == "team.ipynb"
