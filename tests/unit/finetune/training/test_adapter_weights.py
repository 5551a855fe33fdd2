"""The weights of an adapter: copies, scale, files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from jupyter_safecoder.adapters.peft_files import CONFIG, WEIGHTS
from jupyter_safecoder.errors import FinetuneError
from jupyter_safecoder.finetune.training.adapter_weights import (
    AdapterWeights,
    scale_adapter,
    smaller_scale,
)


class Model(torch.nn.Module):
    """A module with the names of a PEFT model."""

    def __init__(self) -> None:
        super().__init__()
        self.base = torch.nn.Parameter(torch.ones(2), requires_grad=False)
        self.lora_A = torch.nn.Parameter(torch.ones(2))
        self.lora_B = torch.nn.Parameter(torch.ones(2))


def test_only_what_is_trained_is_copied_and_restored() -> None:
    model = Model()
    weights = AdapterWeights(model)
    before = weights.snapshot()
    assert set(before) == {"lora_A", "lora_B"}
    with torch.no_grad():
        model.lora_A.zero_()
    assert before["lora_A"].sum() == 2
    weights.restore(before)
    assert model.lora_A.sum() == 2


def test_the_scale_changes_one_of_the_two_matrices() -> None:
    model = Model()
    AdapterWeights(model).multiply(0.5)
    sums = [float(weight.detach().sum()) for weight in (model.base, model.lora_A, model.lora_B)]
    assert sums == [2, 2, 1]


@pytest.mark.parametrize(
    ("max_loss", "scale"), [(10.0, 1.0), (0.85, 0.8), (0.7, 0.65), (0.5, 0.5), (0.1, 0.5)]
)
def test_an_adapter_is_scaled_until_it_forgets_little(max_loss: float, scale: float) -> None:
    model = Model()
    weights = AdapterWeights(model)
    found = scale_adapter(weights, lambda: float(model.lora_B.detach().mean()), max_loss)
    assert found == scale
    assert float(model.lora_B.detach().mean()) == pytest.approx(scale)


def test_the_files_are_the_same_in_each_process(tmp_path: Path) -> None:
    model: Any = Model()
    saved: dict[str, Any] = {}
    names = ("q_proj", "k_proj", "c_fc")

    def save_pretrained(directory: Path, **options: Any) -> None:
        saved.update(options)
        weights = {}
        for name in names:
            weights[f"base_model.model.{name}.lora_A.weight"] = torch.ones(2, 3)
            weights[f"base_model.model.{name}.lora_B.weight"] = torch.ones(4, 2)
        save_file(weights, directory / WEIGHTS)
        config = {"peft_type": "LORA", "r": 2, "lora_alpha": 4, "target_modules": [*{*names}]}
        (directory / CONFIG).write_text(json.dumps(config))

    model.save_pretrained = save_pretrained
    AdapterWeights(model).save(tmp_path)
    config = json.loads((tmp_path / CONFIG).read_text())
    assert config["target_modules"] == ["c_fc", "k_proj", "q_proj"]
    # Otherwise PEFT would ask the Hugging Face Hub.
    assert saved == {"safe_serialization": True, "save_embedding_layers": False}


def test_an_adapter_that_is_not_finite_is_not_saved(tmp_path: Path) -> None:
    model: Any = Model()
    matrix = torch.full((2, 2), float("nan"))

    def save_pretrained(directory: Path, **_: Any) -> None:
        weights = {f"base_model.model.x.lora_{half}.weight": matrix.clone() for half in "AB"}
        save_file(weights, directory / WEIGHTS)
        (directory / CONFIG).write_text(json.dumps({"peft_type": "LORA", "r": 2, "lora_alpha": 4}))

    model.save_pretrained = save_pretrained
    with pytest.raises(FinetuneError, match="not all of its numbers are finite"):
        AdapterWeights(model).save(tmp_path)


def test_the_scales_end() -> None:
    assert smaller_scale(1.0) == 0.8
    assert smaller_scale(0.5) is None
