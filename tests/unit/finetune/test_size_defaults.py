"""What depends on the size of the model: how long a job takes, and the learning rate."""

from __future__ import annotations

from dataclasses import replace

import pytest

from jupyter_safecoder.finetune import size_defaults
from jupyter_safecoder.finetune.recipe import BY_SIZE, Recipe, check_settings
from jupyter_safecoder.finetune.size_defaults import expected_minutes, with_size_defaults
from jupyter_safecoder.models import EMBEDDED, resolve_model

EMBEDDED_MODEL = resolve_model(EMBEDDED)


@pytest.mark.parametrize(
    ("parameters", "minutes", "learning_rate"),
    [
        (134_515_008, 9, 1.2e-3),
        (200_000_000, 9, 1.2e-3),
        (494_032_768, 30, 4e-4),
        (1_000_000_000, 30, 4e-4),
        (1_543_714_304, 60, 2e-4),
        (15_520_000_000, 60, 2e-4),
    ],
)
def test_a_larger_model_has_more_time_and_smaller_steps(
    parameters: int, minutes: float, learning_rate: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(size_defaults, "count_parameters", lambda base: parameters)
    recipe = with_size_defaults(Recipe(), EMBEDDED_MODEL)
    assert (recipe.minutes, recipe.learning_rate) == (minutes, learning_rate)
    assert replace(recipe, minutes=BY_SIZE, learning_rate=BY_SIZE) == Recipe()


def test_where_the_number_of_parameters_is_unknown_the_size_counts() -> None:
    assert with_size_defaults(Recipe(), EMBEDDED_MODEL).minutes == 9
    larger = tuple(replace(file, size=300_000_000) for file in EMBEDDED_MODEL.files)
    assert with_size_defaults(Recipe(), replace(EMBEDDED_MODEL, files=larger)).minutes == 30


@pytest.mark.parametrize("minutes", [0, 2, 9.0, 600])
def test_what_a_recipe_gives_stays(minutes: float) -> None:
    given = {"minutes": minutes, "learning_rate": 1e-5}
    recipe = Recipe(**check_settings(given, "r.toml"))
    assert with_size_defaults(recipe, EMBEDDED_MODEL) == recipe


def test_a_recipe_can_leave_it_to_the_size() -> None:
    left = {"minutes": -1, "learning_rate": -1}
    assert Recipe(**check_settings(left, "r.toml")) == Recipe()
    assert Recipe().minutes == Recipe().learning_rate == BY_SIZE


@pytest.mark.parametrize(
    ("recipe", "minutes"),
    [
        (Recipe(minutes=30), 30),
        (Recipe(minutes=30, steps=5), None),
        (Recipe(minutes=0), None),
        (Recipe(), None),
    ],
)
def test_the_duration_is_expected_where_it_is_limited(
    recipe: Recipe, minutes: float | None
) -> None:
    assert expected_minutes(recipe) == minutes
