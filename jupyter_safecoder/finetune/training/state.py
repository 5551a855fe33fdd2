"""The state of a training, all of which is in its checkpoint."""

from __future__ import annotations

import math
from dataclasses import dataclass, field


@dataclass
class TrainingState:
    """The state of a training.

    Parameters
    ----------
    step
        Steps that were taken.
    total_steps
        Steps that there will be; 0 until the speed is known.
    sample_tokens, computed_tokens
        Tokens of the samples that were learned, and of the packs that were computed.
    seconds
        Duration of the steps.
    train_curve, val_curve
        ``(step, loss)`` of training and validation, in nats per token.
    best_loss
        The lowest validation loss.
    evals_without_improvement
        Evaluations since then.
    """

    step: int = 0
    total_steps: int = 0
    sample_tokens: int = 0
    computed_tokens: int = 0
    seconds: float = 0.0
    train_curve: list[tuple[int, float]] = field(default_factory=list)
    val_curve: list[tuple[int, float]] = field(default_factory=list)
    best_loss: float = math.inf
    evals_without_improvement: int = 0

    @property
    def tokens_per_s(self) -> float:
        """Tokens of samples that are learned per second."""
        return self.sample_tokens / self.seconds if self.seconds else 0.0

    @property
    def finished(self) -> bool:
        """Whether all steps were taken."""
        return self.total_steps > 0 and self.step >= self.total_steps
