"""How long a job takes, by the size of its model."""

from __future__ import annotations

from dataclasses import replace

import pytest

from jupyter_safecoder.finetune.duration import default_minutes, expected_minutes, with_duration
from jupyter_safecoder.finetune.recipe import BY_SIZE, Recipe, check_settings
from jupyter_safecoder.models import EMBEDDED, resolve_model

EMBEDDED_MODEL = resolve_model(EMBEDDED)


@pytest.mark.parametrize(
    ("parameters", "minutes"),
    [
        (134_515_008, 9),
        (200_000_000, 9),
        (494_032_768, 30),
        (1_000_000_000, 30),
        (1_543_714_304, 60),
        (15_520_000_000, 60),
    ],
)
def test_a_larger_model_has_more_time(parameters: int, minutes: float) -> None:
    assert default_minutes(parameters) == minutes


def test_where_the_number_of_parameters_is_unknown_the_size_counts() -> None:
    assert with_duration(Recipe(), EMBEDDED_MODEL).minutes == 9
    larger = tuple(replace(file, size=300_000_000) for file in EMBEDDED_MODEL.files)
    assert with_duration(Recipe(), replace(EMBEDDED_MODEL, files=larger)).minutes == 30


@pytest.mark.parametrize("minutes", [0, 2, 9.0, 600])
def test_what_a_recipe_gives_stays(minutes: float) -> None:
    recipe = Recipe(**check_settings({"minutes": minutes}, "r.toml"))
    assert with_duration(recipe, EMBEDDED_MODEL) == recipe


def test_a_recipe_can_leave_it_to_the_size() -> None:
    assert Recipe(**check_settings({"minutes": -1}, "r.toml")) == Recipe()
    assert Recipe().minutes == BY_SIZE


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
