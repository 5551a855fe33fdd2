"""A training is built with the same data type each time it is resumed."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from jupyter_safecoder.errors import FinetuneError
from jupyter_safecoder.finetune.corpus.corpus import Corpus, build_corpus
from jupyter_safecoder.finetune.recipe import Recipe
from jupyter_safecoder.finetune.training.build import build_training_loop
from jupyter_safecoder.finetune.training.loop import TrainingLoop
from jupyter_safecoder.models import ModelDescription

RECIPE = Recipe(steps=2, rank=2, alpha=4, tokens_per_step=200, learning_rate=1e-3)


@pytest.fixture
def build(
    tiny_models: Callable[[str], ModelDescription], team: Path, tmp_path: Path
) -> Callable[..., TrainingLoop]:
    corpus: Corpus = build_corpus([team])
    (tmp_path / "job").mkdir()

    def build(device: str = "cpu", **arguments: Any) -> TrainingLoop:
        return build_training_loop(
            *(tiny_models("llama"), corpus, RECIPE, tmp_path / "job"),
            **{"device": device, "paths": [team], "seconds": math.inf, **arguments},
        )

    return build


def test_the_data_type_is_chosen_once(build: Callable[..., TrainingLoop], tmp_path: Path) -> None:
    (tmp_path / "job" / "dtype").write_text("bfloat16")
    assert build().model.peft_model.dtype == torch.bfloat16
    (tmp_path / "job" / "dtype").write_text("float32")
    training = build()
    assert training.model.peft_model.dtype == torch.float32
    training.run(should_stop=lambda: training.state.step >= 1)
    assert build().state.step == 1


def test_a_device_that_is_not_there(build: Callable[..., TrainingLoop]) -> None:
    if torch.cuda.is_available():
        pytest.skip("there is one")
    with pytest.raises(FinetuneError, match="There is no CUDA here"):
        build("cuda")
