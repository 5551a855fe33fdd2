"""The mean or sum of adapters changes weights by the mean or sum of their changes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from jupyter_safecoder.adapters.combine import combine_adapters
from jupyter_safecoder.adapters.peft_files import CONFIG, WEIGHTS, read_config
from jupyter_safecoder.errors import FinetuneError
from jupyter_safecoder.models.safetensors import read_tensors, write_tensors

LAYER = "base_model.model.model.layers.0.mlp.up_proj"


def write_adapter(directory: Path, seed: int, rank: int, **config: Any) -> Path:
    random = np.random.default_rng(seed)
    layer = config.pop("layer", LAYER)
    weights = {
        f"{layer}.lora_A.weight": random.normal(size=(rank, 6)),
        f"{layer}.lora_B.weight": random.normal(size=(config.pop("rows", 4), rank)),
    }
    directory.mkdir()
    shapes = {name: values.shape for name, values in weights.items()}
    write_tensors(directory / WEIGHTS, shapes, weights.values())
    settings = {"peft_type": "LORA", "r": rank, "lora_alpha": 2 * rank, **config}
    (directory / CONFIG).write_text(json.dumps(settings))
    return directory


def change(directory: Path) -> Any:
    """Return what an adapter adds to the weights of its layer."""
    config, weights = read_config(directory), dict(read_tensors(directory / WEIGHTS))
    rank = config["r"]
    scale = config["lora_alpha"] / (rank**0.5 if config.get("use_rslora") else rank)
    return scale * weights[f"{LAYER}.lora_B.weight"] @ weights[f"{LAYER}.lora_A.weight"]


def test_it_is_the_mean(tmp_path: Path) -> None:
    sources = [
        write_adapter(tmp_path / "a", 1, 2),
        write_adapter(tmp_path / "b", 2, 3, lora_alpha=9),
        write_adapter(tmp_path / "c", 3, 4, use_rslora=True),
    ]
    combine_adapters(sources, tmp_path / "mean", 1 / len(sources))
    assert read_config(tmp_path / "mean")["r"] == 9
    expected = sum(change(source) for source in sources) / 3
    assert np.allclose(change(tmp_path / "mean"), expected, atol=0.02)
    with pytest.raises(FinetuneError, match="exists already"):
        combine_adapters(sources, tmp_path / "mean", 1 / len(sources))


def test_the_sum_of_a_lower_rank_is_the_nearest(tmp_path: Path) -> None:
    first = write_adapter(tmp_path / "a", 1, 1)
    sources = [first, write_adapter(tmp_path / "b", 2, 3)]
    exact = sum(change(source) for source in sources)
    values = np.linalg.svd(exact, compute_uv=False)
    for rank, error in ((9, 0.0), (4, 0.0), (2, np.hypot(*values[2:])), (1, None)):
        target = tmp_path / str(rank)
        combine_adapters(sources, target, 1.0, rank)
        assert read_config(target)["r"] == min(rank, 4)
        if error is not None:
            assert np.linalg.norm(change(target) - exact) == pytest.approx(error, abs=0.05)
    with pytest.raises(FinetuneError, match="rank 0"):
        combine_adapters(sources, tmp_path / "none", 1.0, 0)


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        ({"layer": "base_model.model.model.layers.1.mlp.up_proj"}, "the same layers"),
        ({"rows": 5}, "other sizes"),
        ({"rank_pattern": {"up_proj": 2}}, "rank_pattern"),
        ({"trainable_token_indices": [1]}, "trainable_token_indices"),
        ({"peft_type": "LOHA"}, "not a plain LoRA"),
    ],
)
def test_what_cannot_be_combined(tmp_path: Path, other: dict[str, Any], reason: str) -> None:
    sources = [write_adapter(tmp_path / "a", 1, 2), write_adapter(tmp_path / "b", 2, 2, **other)]
    with pytest.raises(FinetuneError, match=reason):
        combine_adapters(sources, tmp_path / "mean", 1 / len(sources))
    assert not (tmp_path / "mean").exists()
