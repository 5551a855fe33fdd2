"""``bench train`` measures both sides in one run."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from jupyter_safecoder.models import ModelDescription


def test_both_sides_learn_the_same_samples(
    team: Path, tiny_models: Callable[[str], ModelDescription]
) -> None:
    model = tiny_models("llama")
    # A process of its own: transformers.Trainer emits warnings.
    done = subprocess.run(
        [
            *(sys.executable, "-m", "benchmarks", "train", str(team)),
            *("--model", str(model.weights), "--json"),
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    report = json.loads(done.stdout)
    ours, trainer = report["ours_tokens_per_s"], report["trainer_tokens_per_s"]
    assert ours > 0
    assert trainer > 0
    assert report["ratio"] == pytest.approx(ours / trainer, abs=0.01)
    assert 0 < report["samples"] <= 32
    # What samples share is computed once.
    assert report["computed_tokens"] < 0.9 * report["sample_tokens"]
