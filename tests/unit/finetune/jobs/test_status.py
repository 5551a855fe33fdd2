"""Which states of a job are over, and what is said before it starts."""

from __future__ import annotations

from typing import get_args

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
