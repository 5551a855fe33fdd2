"""What a job may take: the time for its training, and what its adapter may forget."""

from __future__ import annotations

import math

from jupyter_safecoder.finetune.recipe import Recipe
from jupyter_safecoder.models import ModelDescription

#: What the loss of general code may rise before the adapter is evaluated: nats per token, and the
#: share of the base model's loss. A good model has little to lose: safecoder-qwen-0.5b starts at
#: 0.61 nats.
_MAX_FORGOTTEN_NATS, _MAX_FORGOTTEN_SHARE = 0.3, 0.2
#: Seconds for scaling, merging and converting: per GB of weights, and at least.
_MERGE_S_PER_GB, _MIN_MERGE_S = 60.0, 80.0
#: The adapter is slower to evaluate than the base, and there are more examples.
_EVALUATION_FACTOR = 1.2
_MIN_TRAINING_S = 10.0


def training_seconds(
    recipe: Recipe, base: ModelDescription, spent_s: float, evaluation_s: float
) -> float:
    """Return the time for training: what evaluation and merging leave of the recipe's.

    Parameters
    ----------
    recipe
        Settings.
    base
        The base model: a larger one takes longer to merge.
    spent_s
        Duration of the job so far, in seconds.
    evaluation_s
        Duration of the base model's evaluation, in seconds.
    """
    if recipe.steps or not recipe.minutes:
        return math.inf
    merge_s = max(_MIN_MERGE_S, _MERGE_S_PER_GB * base.weights_bytes / 1e9)
    left = 60 * recipe.minutes - spent_s - _EVALUATION_FACTOR * evaluation_s - merge_s
    return max(_MIN_TRAINING_S, left)


def max_general_loss(before: float) -> float:
    """Return the highest loss of general code that an adapter may have.

    Parameters
    ----------
    before
        That of the base model, in nats per token.
    """
    return before + min(_MAX_FORGOTTEN_NATS, _MAX_FORGOTTEN_SHARE * before)
