"""The time for a training, and what an adapter may forget."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from jupyter_safecoder.finetune.jobs.limits import max_general_loss, training_seconds
from jupyter_safecoder.finetune.recipe import Recipe
from jupyter_safecoder.models import EMBEDDED, resolve_model

BASE = resolve_model(EMBEDDED)


def test_evaluation_and_merging_have_their_time() -> None:
    # A small model is merged in 80 seconds; the second evaluation takes a fifth longer.
    assert training_seconds(Recipe(minutes=10), BASE, 100, 50) == 600 - 100 - 60 - 80
    large = replace(BASE, files=tuple(replace(file, size=10**10) for file in BASE.files))
    assert training_seconds(Recipe(minutes=60), large, 0, 0) == 3600 - 600


def test_some_time_is_always_left() -> None:
    assert training_seconds(Recipe(minutes=1), BASE, 600, 50) == 10


@pytest.mark.parametrize("recipe", [Recipe(minutes=0), Recipe(steps=3)])
def test_no_limit(recipe: Recipe) -> None:
    assert training_seconds(recipe, BASE, 600, 50) == math.inf


def test_a_good_model_may_forget_less_than_a_small_one() -> None:
    assert max_general_loss(0.6) == pytest.approx(0.72)
    assert max_general_loss(4.0) == pytest.approx(4.3)
