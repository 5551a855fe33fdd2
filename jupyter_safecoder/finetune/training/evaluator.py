"""Computes the validation loss during training, and keeps the best adapter."""

from __future__ import annotations

import time
from collections.abc import Sequence

from jupyter_safecoder.finetune.samples.packing import Pack

from .adapter_weights import AdapterWeights, Snapshot
from .packed_model import PackedModel
from .ranks import Ranks
from .state import TrainingState


class Evaluator:
    """Evaluates an adapter during training.

    Parameters
    ----------
    model
        Computes losses.
    weights
        The weights of the adapter.
    val_packs
        Packs of the held-out documents.
    ranks
        The processes that train together.
    """

    def __init__(
        self, model: PackedModel, weights: AdapterWeights, val_packs: Sequence[Pack], ranks: Ranks
    ) -> None:
        self._model = model
        self._weights = weights
        self._val_packs = val_packs
        self._ranks = ranks
        #: The weights with the lowest validation loss; empty before the first evaluation.
        self.best: Snapshot = {}
        #: Duration of the last evaluation, in seconds.
        self.seconds = 0.0

    def evaluate(self, state: TrainingState) -> None:
        """Add a point to the validation curve; keep the weights if they are the best so far."""
        started = time.monotonic()
        # Machines differ in the last digits, and all processes must stop at the same step.
        loss = self._ranks.min(self.val_loss())
        self.seconds = time.monotonic() - started
        state.val_curve.append((state.step, round(loss, 4)))
        if loss < state.best_loss:
            state.best_loss, state.evals_without_improvement = loss, 0
            self.best = self._weights.snapshot()
        else:
            state.evals_without_improvement += 1

    def val_loss(self) -> float:
        """Return the validation loss of the present weights, in nats per token."""
        return self._model.mean_loss(self._val_packs)

    def restore_best(self) -> None:
        """Set the weights to the best ones."""
        if self.best:
            self._weights.restore(self.best)
