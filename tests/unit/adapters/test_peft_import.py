"""Adapters of PEFT get a card if they fit the base model."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from jupyter_safecoder.adapters.peft_import import card_for_peft_adapter
from jupyter_safecoder.adapters.registry import CONFIG, WEIGHTS
from jupyter_safecoder.adapters.torch_model import linear_layers
from jupyter_safecoder.errors import FinetuneError
from jupyter_safecoder.models import ModelDescription


@pytest.fixture
def base(tiny_models: Callable[[str], ModelDescription]) -> ModelDescription:
    return tiny_models("llama")


def write(directory: Path, base: ModelDescription, *, wrong: int = 0, **config: Any) -> Path:
    """Write a LoRA of rank 2 for a layer of the base model."""
    name, (inputs, outputs) = next(
        (name, size) for name, size in linear_layers(base).items() if "q_proj" in name
    )
    key = f"base_model.model.{name}.lora_"
    directory.mkdir()
    weights = {
        f"{key}A.weight": torch.zeros(2, inputs),
        f"{key}B.weight": torch.zeros(outputs + wrong, 2),
    }
    save_file(weights, directory / WEIGHTS)
    data = {"peft_type": "LORA", "r": 2, "lora_alpha": 4, **config}
    (directory / CONFIG).write_text(json.dumps(data))
    return directory


def test_a_lora_that_fits(base: ModelDescription, tmp_path: Path) -> None:
    card = card_for_peft_adapter(write(tmp_path / "a", base), "ours", base, "0" * 64, "grace")
    assert (card.name, card.base, card.by) == ("ours", base.name, "grace")
    assert card.recipe == {"rank": 2, "alpha": 4}
    assert not card.accepted
    assert card.reason == "Imported without a card: it has not been evaluated."


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"peft_type": "IA3"}, "is not a plain LoRA"),
        ({"use_dora": True}, "is not a plain LoRA"),
        ({"wrong": 1}, "for layers of another size than those of tiny"),
    ],
)
def test_what_does_not_fit(
    changes: dict[str, Any], reason: str, base: ModelDescription, tmp_path: Path
) -> None:
    with pytest.raises(FinetuneError, match=reason):
        card_for_peft_adapter(write(tmp_path / "a", base, **changes), "ours", base, "", "")


def test_layers_that_the_base_does_not_have(
    base: ModelDescription, tiny_models: Callable[[str], ModelDescription], tmp_path: Path
) -> None:
    other = tiny_models("gpt_bigcode")
    with pytest.raises(FinetuneError, match="which tiny does not have"):
        card_for_peft_adapter(write(tmp_path / "a", base), "ours", other, "", "")


def test_no_adapter_at_all(base: ModelDescription, tmp_path: Path) -> None:
    with pytest.raises(FinetuneError, match="is no adapter: it lacks"):
        card_for_peft_adapter(tmp_path, "ours", base, "", "")
