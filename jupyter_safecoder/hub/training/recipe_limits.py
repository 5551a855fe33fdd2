"""Limits of the recipe of a job in the Hub's service: pure rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from jupyter_safecoder.errors import FinetuneError
from jupyter_safecoder.finetune.recipe import Recipe, check_settings
from jupyter_safecoder.finetune.size_defaults import with_size_defaults
from jupyter_safecoder.hub.access.policy import Grant
from jupyter_safecoder.models import ModelDescription

#: The service's maxima of settings that take memory or time; all other bounds are the recipe's.
_MAXIMA: Mapping[str, float] = {
    "rank": 128,
    "alpha": 1024,
    "warmup": 10_000,
    "tokens_per_step": 8192,
    "epochs": 1000,
    "steps": 1_000_000,
    "minutes": 10_000,
    "context_tokens": 8192,
    "patience": 1000,
    "num_evals": 100,
    "eval_samples": 500,
    "trees_per_step": 64,
}
#: Other settings of users. Those that are missing name models, packages and files of the service.
_OTHERS = frozenset(
    {
        *("learning_rate", "replay_share", "seed", "quantize", "layout_shares", "span_shares"),
        *("no_context_share", "no_suffix_share", "sources_share", "prefix_weight"),
        *("context_weight", "own", "ours", "include_generated"),
    }
)


def limit_recipe(settings: Mapping[str, Any], grant: Grant, base: ModelDescription) -> Recipe:
    """Return the recipe of a user's settings.

    Parameters
    ----------
    settings
        By name; those that are missing keep their defaults.
    grant
        What the user's group is allowed.
    base
        The model that is trained, whose size decides on the time that is not given.

    Raises
    ------
    FinetuneError
        If a setting is invalid, or more than the service or the grant allows.
    """
    checked = check_settings(settings, "the recipe")
    for name, value in checked.items():
        if name not in _MAXIMA and name not in _OTHERS:
            raise FinetuneError(
                f"{name} cannot be set for a job in the Hub's service.", "Leave it out."
            )
        if name in _MAXIMA and value > _MAXIMA[name]:
            raise FinetuneError(f"{name} must be {_MAXIMA[name]:g} or less in the service.")
    given = Recipe(**checked)
    recipe, max_minutes = with_size_defaults(given, base), grant.max_training_minutes
    if not max_minutes:
        return recipe
    if given.minutes >= 0 and not 0 < given.minutes <= max_minutes:
        raise FinetuneError(
            f"A job of your group may take {max_minutes:g} minutes.",
            "Give as many or fewer, or ask an administrator for more.",
        )
    return replace(recipe, minutes=min(recipe.minutes, max_minutes))
