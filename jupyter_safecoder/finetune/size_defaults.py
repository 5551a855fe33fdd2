"""What a recipe leaves to the size of the model: how long a job takes, and the learning rate."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from jupyter_safecoder.models import ModelDescription, count_parameters

from .recipe import Recipe

#: Maximum parameters of a model, and minutes for it. On two cores, a model of 0.5 billion
#: parameters learned 125 tokens of samples a second, and after 100,000 tokens its loss fell little:
#: half an hour has the time for so many, and for the evaluations and the merge.
_MINUTES = ((200_000_000, 9.0), (1_000_000_000, 30.0), (math.inf, 60.0))
#: Maximum parameters of a model, and its learning rate. With that of the smallest,
#: safecoder-qwen-0.5b lost a third of its exact completions of general code.
_LEARNING_RATES = ((200_000_000, 1.2e-3), (1_000_000_000, 4e-4), (math.inf, 2e-4))


def with_size_defaults(recipe: Recipe, base: ModelDescription) -> Recipe:
    """Return a recipe with the minutes and the learning rate for a model.

    Parameters
    ----------
    recipe
        What it gives stays.
    base
        The model that is trained.
    """
    # Files of which the number is unknown have a byte for each.
    parameters = count_parameters(base) or base.weights_bytes
    if recipe.minutes < 0:
        recipe = replace(recipe, minutes=_by_size(_MINUTES, parameters))
    if recipe.learning_rate < 0:
        recipe = replace(recipe, learning_rate=_by_size(_LEARNING_RATES, parameters))
    return recipe


def _by_size(values: Sequence[tuple[float, float]], parameters: int) -> float:
    return next(value for maximum, value in values if parameters <= maximum)


def expected_minutes(recipe: Recipe) -> float | None:
    """Return the minutes that a job takes at most; ``None``: its steps decide."""
    return None if recipe.steps or recipe.minutes <= 0 else recipe.minutes
