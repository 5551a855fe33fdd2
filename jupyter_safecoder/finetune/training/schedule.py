"""The learning rate of each step, and the number of steps that the time allows."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable
from statistics import median

from jupyter_safecoder.finetune.recipe import Recipe

from .ranks import Ranks
from .state import TrainingState

#: Steps after which the speed is known, and with it the number of steps.
_TIMED_STEPS = 4
#: The duration of a step is the median of so many: the machine may sleep during one.
_RECENT_STEPS = 20
#: The last learning rate, as a share of the highest.
_MIN_RATE = 0.1


def learning_rate(recipe: Recipe, step: int, total_steps: int) -> float:
    """Return the learning rate of a step: a linear warmup times a cosine that falls to a tenth.

    transformers' ``get_cosine_with_min_lr_schedule_with_warmup`` gives other rates: it wants the
    number of steps beforehand, which is estimated again after each step here, its first rate is 0,
    and its cosine starts after the warmup.

    Parameters
    ----------
    recipe
        Settings.
    step
        The step, counted from 0.
    total_steps
        The number of steps as it is known so far; 0: it is not.
    """
    warmup = min(1.0, (step + 1) / max(1, recipe.warmup))
    share = min(1.0, step / total_steps) if total_steps else 0.0
    cosine = _MIN_RATE + (1 - _MIN_RATE) * 0.5 * (1 + math.cos(math.pi * share))
    return recipe.learning_rate * warmup * cosine


class StepPlan:
    """Estimates the number of steps.

    Parameters
    ----------
    recipe
        Settings.
    packs_per_epoch
        Returns the number of packs of an epoch; called once, if at all.
    seconds
        The time for training, evaluations included; ``math.inf``: no limit.
    ranks
        The processes that train together.
    """

    def __init__(
        self, recipe: Recipe, packs_per_epoch: Callable[[], int], seconds: float, ranks: Ranks
    ) -> None:
        self._recipe = recipe
        self._packs_per_epoch = packs_per_epoch
        self._seconds = seconds
        self._ranks = ranks
        self._durations: deque[float] = deque(maxlen=_RECENT_STEPS)
        self._max_steps = 0
        self._started = time.monotonic()

    def start(self) -> None:
        """Start the clock."""
        self._started = time.monotonic()

    def add_step(self, seconds: float) -> None:
        """Record the duration of a step."""
        self._durations.append(seconds)

    def total_steps(self, state: TrainingState, evaluation_s: float) -> int:
        """Return the number of steps that there will be.

        It is estimated again after each step: on a machine that others use, the speed changes.

        Parameters
        ----------
        state
            The state after the last step.
        evaluation_s
            Duration of an evaluation, in seconds.
        """
        if self._recipe.steps:
            return self._recipe.steps
        if state.step < _TIMED_STEPS:
            return state.total_steps
        if not self._max_steps:
            packs = math.ceil(self._packs_per_epoch() / self._ranks.number)
            self._max_steps = packs * self._recipe.epochs
        evaluations = self._recipe.num_evals + 1 - len(state.val_curve)
        left = self._seconds - (time.monotonic() - self._started) - evaluations * evaluation_s
        possible = state.step + max(0.0, left) / median(self._durations)
        return max(state.step, int(self._ranks.min(min(self._max_steps, possible))))
