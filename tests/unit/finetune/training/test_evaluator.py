"""The best adapter is kept, and evaluations without a better one are counted."""

from __future__ import annotations

from typing import Any

from jupyter_safecoder.finetune.training.evaluator import Evaluator
from jupyter_safecoder.finetune.training.ranks import Ranks
from jupyter_safecoder.finetune.training.state import TrainingState


class Model:
    def __init__(self, losses: list[float]) -> None:
        self.losses = losses

    def mean_loss(self, packs: object) -> float:
        return self.losses.pop(0)


class Weights:
    """Weights that are only numbered."""

    def __init__(self) -> None:
        self.version = 0

    def snapshot(self) -> dict[str, int]:
        return {"version": self.version}

    def restore(self, snapshot: dict[str, int]) -> None:
        self.version = snapshot["version"]


def test_the_weights_with_the_lowest_loss_are_kept() -> None:
    model: Any = Model([2.0, 1.5, 1.6, 1.55])
    weights: Any = Weights()
    evaluator, state = Evaluator(model, weights, (), Ranks()), TrainingState()
    evaluator.restore_best()
    assert weights.version == 0
    for version in range(4):
        weights.version = state.step = version
        evaluator.evaluate(state)
    assert state.val_curve == [(0, 2.0), (1, 1.5), (2, 1.6), (3, 1.55)]
    assert (state.best_loss, state.evals_without_improvement) == (1.5, 2)
    evaluator.restore_best()
    assert weights.version == 1
    assert evaluator.seconds >= 0
