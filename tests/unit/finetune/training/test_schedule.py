"""Learning rates, and the number of steps that the time allows."""

from __future__ import annotations

import math

import pytest

from jupyter_safecoder.finetune.recipe import Recipe
from jupyter_safecoder.finetune.training.ranks import Ranks
from jupyter_safecoder.finetune.training.schedule import StepPlan, learning_rate
from jupyter_safecoder.finetune.training.state import TrainingState

RECIPE = Recipe(learning_rate=1.0, warmup=10)


def test_warmup_is_linear_and_starts_above_zero() -> None:
    rates = [learning_rate(RECIPE, step, 0) for step in range(12)]
    assert rates == pytest.approx([0.1 * n for n in range(1, 11)] + [1.0, 1.0])
    assert learning_rate(Recipe(learning_rate=1.0, warmup=0), 0, 0) == 1.0


def test_the_rate_falls_to_a_tenth_along_a_cosine() -> None:
    rates = [learning_rate(RECIPE, step, 100) for step in range(10, 101)]
    assert rates == sorted(rates, reverse=True)
    assert learning_rate(RECIPE, 50, 100) == pytest.approx(0.55)
    assert learning_rate(RECIPE, 100, 100) == pytest.approx(0.1)
    assert learning_rate(RECIPE, 200, 100) == pytest.approx(0.1)


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("jupyter_safecoder.finetune.training.schedule.time", clock)
    return clock


def plan(recipe: Recipe, seconds: float, packs: int = 1000) -> StepPlan:
    return StepPlan(recipe, lambda: packs, seconds, Ranks())


def run(plan: StepPlan, clock: Clock, steps: int, seconds: float = 1.0) -> list[int]:
    """Return the number of steps that is planned after each step."""
    state, totals = TrainingState(val_curve=[(0, 2.0)]), []
    for _ in range(steps):
        clock.now += seconds
        plan.add_step(seconds)
        state.step += 1
        state.total_steps = plan.total_steps(state, evaluation_s=0.0)
        totals.append(state.total_steps)
    return totals


def test_exact_steps_are_known_at_once(clock: Clock) -> None:
    assert run(plan(Recipe(steps=7), 3.0), clock, 2) == [7, 7]


def test_the_time_decides_after_four_steps(clock: Clock) -> None:
    assert run(plan(Recipe(), 100.0), clock, 6) == [0, 0, 0, 100, 100, 100]


def test_epochs_are_the_maximum(clock: Clock) -> None:
    assert run(plan(Recipe(epochs=2), math.inf, packs=30), clock, 5)[-1] == 60


def test_a_slower_machine_gets_fewer_steps(clock: Clock) -> None:
    own = plan(Recipe(), 100.0)
    assert run(own, clock, 10)[-1] == 100
    state = TrainingState(step=10, val_curve=[(0, 2.0)])
    clock.now += 45.0
    assert own.total_steps(state, evaluation_s=0.0) == 55


def test_a_pause_is_no_step(clock: Clock) -> None:
    own = plan(Recipe(), 1000.0)
    run(own, clock, 10)
    assert run(own, clock, 1, seconds=500.0) == [0]
    state = TrainingState(step=11, val_curve=[(0, 2.0)])
    # 490 seconds are left, at one second each.
    assert own.total_steps(state, evaluation_s=0.0) == 501


def test_evaluations_take_their_time(clock: Clock) -> None:
    own = plan(Recipe(num_evals=4), 100.0)
    run(own, clock, 4)
    state = TrainingState(step=4, val_curve=[(0, 2.0)])
    assert own.total_steps(state, evaluation_s=10.0) == 60


def test_steps_that_were_taken_count(clock: Clock) -> None:
    own = plan(Recipe(), 2.0)
    assert run(own, clock, 6)[-1] == 6
