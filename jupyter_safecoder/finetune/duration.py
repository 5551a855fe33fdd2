"""How long a job takes: by the size of its model, unless the recipe says it."""

from __future__ import annotations

import math
from dataclasses import replace

from jupyter_safecoder.models import ModelDescription, count_parameters

from .recipe import Recipe

#: Maximum parameters of a model, and minutes for it. On two cores, a model of 0.5 billion
#: parameters learned 125 tokens of samples a second, and after 100,000 tokens its loss fell little:
#: half an hour has the time for so many, and for the evaluations and the merge.
_MINUTES = ((200_000_000, 9.0), (1_000_000_000, 30.0), (math.inf, 60.0))


def default_minutes(parameters: int) -> float:
    """Return the minutes of a job whose recipe does not give them.

    Parameters
    ----------
    parameters
        Number of parameters of the model.
    """
    return next(minutes for maximum, minutes in _MINUTES if parameters <= maximum)


def with_duration(recipe: Recipe, base: ModelDescription) -> Recipe:
    """Return a recipe with the minutes for a model, if it leaves them to its size."""
    if recipe.minutes >= 0:
        return recipe
    # Files of which the number is unknown have a byte for each.
    return replace(recipe, minutes=default_minutes(count_parameters(base) or base.weights_bytes))


def expected_minutes(recipe: Recipe) -> float | None:
    """Return the minutes that a job takes at most; ``None``: its steps decide."""
    return None if recipe.steps or recipe.minutes <= 0 else recipe.minutes
