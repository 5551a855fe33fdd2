"""Which states of a job are over."""

from __future__ import annotations

from typing import get_args

from jupyter_safecoder.finetune.jobs.status import JobState, JobStatus


def test_states_that_are_over() -> None:
    over = {state for state in get_args(JobState) if JobStatus("a", state).over}
    assert over == {"stopped", "failed", "done"}
