"""Small corpora and a tiny network to train."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from team_notebooks import write_team
from tiny_network import GROUPED

from jupyter_safecoder.models import EMBEDDED, ModelDescription, find_model
from jupyter_safecoder.models.random_weights import write_random_checkpoint

CONFIGS = {
    "gpt_bigcode": {
        "n_layer": 2,
        "n_embd": 32,
        "n_head": 4,
        "n_inner": 64,
        "n_positions": 2048,
        "vocab_size": 49152,
        "initializer_range": 0.2,
        "attn_pdrop": 0.0,
        "embd_pdrop": 0.0,
        "resid_pdrop": 0.0,
    },
    # The window is shorter than what samples share.
    "starcoder2": {**GROUPED, "sliding_window": 40},
    "llama": GROUPED,
}


@pytest.fixture
def team(tmp_path: Path) -> Path:
    """Return a directory with a team's notebooks."""
    return write_team(tmp_path / "team")


@pytest.fixture(scope="session")
def tiny_models(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], ModelDescription]:
    """Return tiny networks with random weights by their architecture."""
    made: dict[str, ModelDescription] = {}

    def make(architecture: str) -> ModelDescription:
        if architecture not in made:
            directory = tmp_path_factory.mktemp(architecture) / "tiny"
            config = {"model_type": architecture, **CONFIGS[architecture]}
            write_random_checkpoint(directory, config, find_model(EMBEDDED).tokenizer)
            made[architecture] = find_model(str(directory))
        return made[architecture]

    return make


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a directory that pip is told to look into, and nowhere else."""
    directory = tmp_path / "packages"
    directory.mkdir()
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(directory))
    return directory
