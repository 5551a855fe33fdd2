"""The state of a training."""

from __future__ import annotations

from dataclasses import asdict

from jupyter_safecoder.finetune.training.state import TrainingState


def test_it_is_finished_once_all_steps_are_known_and_taken() -> None:
    assert not TrainingState().finished
    assert not TrainingState(step=3, total_steps=4).finished
    assert TrainingState(step=4, total_steps=4).finished


def test_speed() -> None:
    assert TrainingState().tokens_per_s == 0
    assert TrainingState(sample_tokens=300, seconds=2.0).tokens_per_s == 150


def test_it_survives_a_checkpoint() -> None:
    state = TrainingState(step=2, train_curve=[(1, 2.0), (2, 1.5)], best_loss=1.4)
    assert TrainingState(**asdict(state)) == state
