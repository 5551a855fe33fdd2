"""The scheduler: what it starts, requeues, stops and cleans up."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

import pytest

from jupyter_safecoder.finetune.documents import DOCUMENTS_FILE
from jupyter_safecoder.finetune.jobs.job import LocalJob
from jupyter_safecoder.finetune.jobs.status import JobStatus
from jupyter_safecoder.hub.access.namespaces import qualified_name
from jupyter_safecoder.hub.access.policy import Grant
from jupyter_safecoder.hub.training.job_scheduler import exceeds_time_limit
from jupyter_safecoder.hub.training.training_store import (
    DONE,
    FAILED,
    RUNNING,
    WAITING,
    TrainingJob,
)

from .conftest import ADA, GRANT, TrainingParts, allowed

OURS = qualified_name("vision", "ours")


def submit(training_parts: TrainingParts, state: str) -> TrainingJob:
    """Submit a job, and say that it is in a state."""
    asyncio.run(training_parts.training.jobs.submit(ADA, "vision", GRANT, allowed()))
    [job] = training_parts.store.jobs("vision")
    training_parts.store.set_state(job, state)
    return job


def write_status(training_parts: TrainingParts, state: str) -> None:
    """Write the status that a job's process would have written at its end."""
    status = JobStatus(OURS, state)  # type: ignore[arg-type]
    path = training_parts.directory(OURS) / "status.json"
    path.write_text(json.dumps(asdict(status)))


def poll(training_parts: TrainingParts) -> None:
    """Let the scheduler poll once."""

    async def run() -> None:
        task = asyncio.ensure_future(training_parts.training.scheduler.run())
        with suppress(asyncio.TimeoutError):
            await asyncio.wait_for(task, 0.7)

    asyncio.run(run())


#: A job's process that does not stop when it is asked to.
_DEAF = """\
import sys, os, time
from pathlib import Path
from jupyter_safecoder.finetune.jobs.job_files import JobFiles
files = JobFiles(Path(sys.argv[1]), sys.argv[2])
with files.lock():
    files.write("process", str(os.getpid()))
    print(flush=True)
    time.sleep(600)
"""


def test_a_job_that_does_not_stop_when_it_is_asked_to_is_killed(
    training_parts: TrainingParts,
) -> None:
    submit(training_parts, RUNNING)
    write_status(training_parts, "running")
    cache = str(training_parts.parts.settings.cache)
    arguments = [sys.executable, "-c", _DEAF, cache, OURS]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        asyncio.run(training_parts.training.jobs.stop(ADA, "vision", "ours"))
        poll(training_parts)
        assert process.poll() is None
        scheduler = training_parts.training.scheduler
        [job] = training_parts.store.jobs("vision")
        scheduler._stop_until[job.id] -= 60
        poll(training_parts)
        assert process.wait(30) == -9
    poll(training_parts)
    [job] = training_parts.store.jobs("vision")
    assert job.state == "stopped"


@pytest.mark.parametrize(
    ("minutes", "factor", "limit", "exceeds"),
    [(12, 1.25, 10, False), (13, 1.25, 10, True), (19, 2.0, 10, False), (999, 1.25, 0, False)],
)
def test_a_job_may_run_over_its_limit_by_a_factor(
    minutes: float, factor: float, limit: float, exceeds: bool
) -> None:
    job = TrainingJob(seconds=60.0 * minutes)
    assert exceeds_time_limit(job, Grant(max_training_minutes=limit), factor) is exceeds


def test_a_job_that_is_done_loses_its_documents(training_parts: TrainingParts) -> None:
    submit(training_parts, RUNNING)
    directory = training_parts.directory(OURS)
    old = directory / "sources"
    old.mkdir()
    (old / "00000.ipynb").write_text("{}")
    write_status(training_parts, "done")
    assert asyncio.run(training_parts.training.scheduler.reap_finished()) == []
    assert not (directory / DOCUMENTS_FILE).exists()
    assert not old.exists()
    [job] = training_parts.store.jobs("vision")
    assert (job.state, bool(job.ended)) == (DONE, True)
    assert training_parts.parts.records[-1].outcome == "done"


def test_a_job_that_stopped_keeps_its_documents(training_parts: TrainingParts) -> None:
    submit(training_parts, RUNNING)
    write_status(training_parts, "stopped")
    asyncio.run(training_parts.training.scheduler.reap_finished())
    assert (training_parts.directory(OURS) / DOCUMENTS_FILE).exists()


def test_an_orphan_waits_again(training_parts: TrainingParts) -> None:
    submit(training_parts, RUNNING)
    write_status(training_parts, "running")
    # Without a policy no job is started.
    (training_parts.parts.directory / "policy.toml").write_text("x = 1")
    training_parts.parts.policy.reload()
    poll(training_parts)
    assert [job.state for job in training_parts.store.jobs("vision")] == [WAITING]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has this limit")
def test_the_memory_of_a_job_s_process_is_limited(
    training_parts: TrainingParts, monkeypatch: pytest.MonkeyPatch
) -> None:
    submit(training_parts, WAITING)
    with subprocess.Popen(["sleep", "60"]) as process:
        started = str(process.pid)
        monkeypatch.setattr(LocalJob, "resume", lambda job: job.files.write("process", started))
        poll(training_parts)
        assert Path(f"/proc/{started}/oom_score_adj").read_text().strip() == "1000"
        process.kill()


def test_a_group_that_may_not_train_any_more_starts_no_job(training_parts: TrainingParts) -> None:
    submit(training_parts, WAITING)
    policy = training_parts.parts.directory / "policy.toml"
    policy.write_text("[groups.vision]\nfeatures = ['complete']\n")
    training_parts.parts.policy.reload()
    poll(training_parts)
    assert [job.state for job in training_parts.store.jobs("vision")] == [FAILED]
    [status] = asyncio.run(training_parts.training.jobs.list_jobs("vision"))
    assert status.reason == "The policy does not allow this group to train any more."
    outcomes = [record.outcome for record in training_parts.parts.records]
    assert outcomes == ["waiting", "started", "failed"]


def test_what_cannot_be_recorded_is_not_done(training_parts: TrainingParts) -> None:
    submit(training_parts, RUNNING)
    write_status(training_parts, "done")
    audit = training_parts.parts.directory / "audit"
    audit.rename(audit.with_name("away"))
    poll(training_parts)
    assert [job.state for job in training_parts.store.jobs("vision")] == [RUNNING]
    audit.with_name("away").rename(audit)
    poll(training_parts)
    assert [job.state for job in training_parts.store.jobs("vision")] == [DONE]
