"""The training loop: takes packs, trains an adapter, and can be resumed at any step."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from jupyter_safecoder.finetune.recipe import Recipe
from jupyter_safecoder.finetune.samples.batches import Batches
from jupyter_safecoder.finetune.samples.packing import Pack

from .adapter_weights import AdapterWeights
from .checkpoint import load_checkpoint, save_checkpoint
from .evaluator import Evaluator
from .packed_model import PackedModel
from .ranks import Ranks
from .schedule import StepPlan, learning_rate
from .state import TrainingState

_MAX_GRADIENT_NORM = 1.0
#: Seconds between checkpoints.
_CHECKPOINT_S = 20
CHECKPOINT = "training.safetensors"


@dataclass(frozen=True)
class TrainingData:
    """What a training learns from and is validated with.

    Parameters
    ----------
    packs
        The packs of all steps, in their order.
    val_packs
        Packs of the held-out documents.
    packs_per_epoch
        Returns the number of packs of an epoch; not called if the recipe has ``steps``.
    """

    packs: Iterable[Pack]
    val_packs: Sequence[Pack]
    packs_per_epoch: Callable[[], int]

    @classmethod
    def of(cls, batches: Batches, val_packs: Sequence[Pack]) -> TrainingData:
        """Return the data of batches."""
        return cls(batches, val_packs, batches.packs_per_epoch)


class TrainingLoop:
    """Trains the adapter of a model.

    Parameters
    ----------
    model
        Computes losses.
    recipe
        Settings.
    data
        What to learn from.
    directory
        The directory of the checkpoint.
    seconds
        The time for training; ``math.inf``: no limit.
    accelerator
        Hugging Face Accelerate's ``Accelerator`` where several processes train together.
    """

    def __init__(
        self,
        model: PackedModel,
        recipe: Recipe,
        data: TrainingData,
        directory: Path,
        *,
        seconds: float = math.inf,
        accelerator: Any = None,
    ) -> None:
        import torch

        self.model = model
        self.weights = AdapterWeights(model.peft_model)
        self.state = TrainingState()
        self._recipe = recipe
        self._data = data
        self._checkpoint = directory / CHECKPOINT
        self._ranks = Ranks(accelerator)
        self._plan = StepPlan(recipe, data.packs_per_epoch, seconds, self._ranks)
        self._evaluator = Evaluator(model, self.weights, data.val_packs, self._ranks)
        optimizer = torch.optim.AdamW(
            self.weights.parameters, lr=recipe.learning_rate, weight_decay=0.0, betas=(0.9, 0.98)
        )
        self._forward, self._optimizer = self._ranks.prepare(model.peft_model, optimizer)

    def resume(self) -> bool:
        """Load the checkpoint; return whether there was one."""
        content = load_checkpoint(self._checkpoint, self.model.device)
        if content is None:
            return False
        self.weights.restore(content["adapter"])
        self._evaluator.best = content["best"]
        self._optimizer.load_state_dict(content["optimizer"])
        self.state = TrainingState(**content["state"])
        return True

    def run(
        self,
        on_step: Callable[[TrainingState], None] = lambda state: None,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> bool:
        """Train; if all steps are taken, the model has the adapter with the best validation loss.

        Parameters
        ----------
        on_step
            Called after each step.
        should_stop
            Called before each step; if it returns true, training stops with a checkpoint.

        Returns
        -------
        bool
            Whether all steps were taken.
        """
        state = self.state
        self._plan.start()
        if not state.val_curve:
            self._evaluator.evaluate(state)
        saved = time.monotonic()
        for pack in self._remaining_packs():
            if state.finished or self._ranks.any(should_stop()):
                break
            self._step(pack)
            state.total_steps = self._plan.total_steps(state, self._evaluator.seconds)
            if self._evaluation_is_due():
                self._evaluator.evaluate(state)
                if state.evals_without_improvement >= self._recipe.patience:
                    state.total_steps = state.step
            on_step(state)
            if time.monotonic() - saved > _CHECKPOINT_S or state.finished:
                self.save()
                saved = time.monotonic()
        self.save()
        if state.finished:
            self._evaluator.restore_best()
        return state.finished

    def val_loss(self) -> float:
        """Return the validation loss of the present weights, in nats per token."""
        return self._evaluator.val_loss()

    def save(self) -> None:
        """Write a checkpoint; the first process does it for all.

        Raises
        ------
        OSError
            If it cannot be written.
        """
        if self._ranks.rank == 0:
            content = {
                "adapter": self.weights.snapshot(),
                "best": self._evaluator.best,
                "optimizer": self._optimizer.state_dict(),
                "state": asdict(self.state),
            }
            save_checkpoint(self._checkpoint, content)

    def _remaining_packs(self) -> Iterator[Pack]:
        """Return this process's packs of the steps that are left."""
        own = itertools.islice(iter(self._data.packs), self._ranks.rank, None, self._ranks.number)
        return itertools.islice(own, self.state.step, None)

    def _step(self, pack: Pack) -> None:
        state, started = self.state, time.monotonic()
        loss = self._train_step(pack)
        seconds = time.monotonic() - started
        self._plan.add_step(seconds)
        state.step += 1
        state.seconds += seconds
        state.sample_tokens += pack.sample_tokens * self._ranks.number
        state.computed_tokens += len(pack.ids) * self._ranks.number
        state.train_curve.append((state.step, round(loss, 4)))

    def _train_step(self, pack: Pack) -> float:
        """Change the weights; return the mean loss of the middles before that."""
        import torch

        rate = learning_rate(self._recipe, self.state.step, self.state.total_steps)
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        self._forward.train()
        losses, weights = self.model.losses(pack, self._forward)
        self._ranks.backward((losses * weights).sum() / weights.sum())
        torch.nn.utils.clip_grad_norm_(self.weights.parameters, _MAX_GRADIENT_NORM)
        self._optimizer.step()
        self._optimizer.zero_grad(set_to_none=True)
        middles = weights == 1.0
        return float((losses[middles] if middles.any() else losses).detach().mean())

    def _evaluation_is_due(self) -> bool:
        state = self.state
        # The first evaluation was before the first step.
        due = state.total_steps * len(state.val_curve) / self._recipe.num_evals
        return state.total_steps > 0 and (state.step >= due or state.finished)
