"""The environments of baselines."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from benchmarks.engines.baselines import BASELINES, Baseline
from benchmarks.engines.engine_worker import WorkerError
from tests.support.paths import ROOT

WORKERS = ROOT / "benchmarks/engines/workers"


@pytest.mark.parametrize("baseline", BASELINES.values(), ids=lambda baseline: baseline.folder)
def test_each_baseline_has_a_worker(baseline: Baseline) -> None:
    assert (WORKERS / f"{baseline.worker}.py").is_file()


@pytest.mark.skipif(os.name == "nt", reason="another name of the interpreter")
def test_the_interpreter_of_an_environment(tmp_path: Path) -> None:
    baseline = BASELINES["llama.cpp"]
    with pytest.raises(WorkerError, match="make peers"):
        baseline.python(tmp_path)
    python = tmp_path / baseline.folder / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.touch()
    assert baseline.python(tmp_path) == python
