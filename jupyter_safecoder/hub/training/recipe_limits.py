"""What of a recipe somebody else may say: pure rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jupyter_safecoder.errors import FinetuneError
from jupyter_safecoder.finetune.recipe import Recipe, check_settings
from jupyter_safecoder.hub.access.policy import Grant

#: The least and the most of what takes memory or time, and of what else is a number.
_BOUNDS: Mapping[str, tuple[float, float]] = {
    "rank": (1, 128),
    "alpha": (1, 1024),
    "learning_rate": (0, 1),
    "warmup": (0, 10_000),
    "tokens_per_step": (64, 8192),
    "epochs": (1, 1000),
    "steps": (0, 1_000_000),
    "minutes": (0, 10_000),
    "context_tokens": (0, 8192),
    "patience": (1, 1000),
    "evaluations": (1, 100),
    "judged": (1, 500),
    "general_share": (0, 0.9),
    "seed": (0, 2**31),
    "trees_per_step": (1, 64),
    "bare_share": (0, 1),
    "prefix_weight": (0, 10),
    "context_weight": (0, 10),
}
_OTHERS = ("quantize", "layout_shares", "cut_shares")


def limit_recipe(settings: Mapping[str, Any], grant: Grant) -> Recipe:
    """Return the recipe of somebody's settings.

    Parameters
    ----------
    settings
        By name; the others are as usual.
    grant
        What their group may.

    Raises
    ------
    FinetuneError
        If one is none, or is more than the service or the grant allows.
    """
    check_settings(settings, "the recipe")
    for name, value in settings.items():
        if name not in _BOUNDS and name not in _OTHERS:
            raise FinetuneError(
                f"{name} cannot be set for a job in the Hub's service.", "Leave it out."
            )
        least, most = _BOUNDS.get(name, (0, 0))
        if name in _BOUNDS and not least <= value <= most:
            raise FinetuneError(f"{name} must be between {least:g} and {most:g} in the service.")
    recipe = Recipe(**settings)
    most = grant.training_minutes
    if not most:
        return recipe
    if "minutes" in settings and not 0 < recipe.minutes <= most:
        raise FinetuneError(
            f"A job of your group may take {most:g} minutes.",
            "Give as many or fewer, or ask an administrator for more.",
        )
    return Recipe(**{**settings, "minutes": min(recipe.minutes, most)})
