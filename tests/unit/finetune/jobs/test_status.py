"""Which states of a job are over, and what is said before it starts."""

from __future__ import annotations

from typing import get_args

import pytest

from jupyter_safecoder.finetune.jobs.status import JobState, JobStatus, describe_plan


def test_states_that_are_over() -> None:
    over = {state for state in get_args(JobState) if JobStatus("a", state).over}
    assert over == {"stopped", "failed", "done"}


def test_the_plan_says_what_is_trained_and_how_long_it_takes() -> None:
    status = JobStatus("ours", base="qwen", documents=38, minutes=30.0)
    assert describe_plan(status) == (
        "Training qwen on 38 notebooks and scripts: up to about 30 minutes, evaluation before and "
        "after included. It leaves processor time to completions and to kernels."
    )
    assert status.plan == {"base": "qwen", "documents": 38, "minutes": 30.0}


def test_the_plan_of_a_recipe_with_steps_and_sources() -> None:
    assert describe_plan(JobStatus("ours")).startswith(
        "Training the model of the recipe: how long it takes is known after its first steps."
    )


@pytest.mark.parametrize(
    ("needed", "available", "text"),
    [
        (None, 10**9, ""),
        (2 * 10**9, None, " It needs about 2.0 GB of memory."),
        (2 * 10**9, 8 * 10**9, " It needs about 2.0 GB of memory; 8.0 GB are available."),
        (
            2 * 10**9,
            1_200_000_000,
            " It needs about 2.0 GB of memory; 1.2 GB are available. That is too little: the "
            "kernel may end it. Free memory, train a smaller model, or set fewer tokens_per_step "
            "in a recipe.",
        ),
    ],
)
def test_both_figures_of_memory_before_the_start(
    needed: int | None, available: int | None, text: str
) -> None:
    status = JobStatus("ours", base="qwen", memory_bytes=needed, available_bytes=available)
    assert describe_plan(status).endswith(f"to completions and to kernels.{text}")
    assert set(status.memory) == {"memory_mb", "available_mb"}
