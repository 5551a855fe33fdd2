"""The state of a job without its process."""

from __future__ import annotations

import functools
from dataclasses import replace
from pathlib import Path

import pytest

from jupyter_safecoder.errors import FinetuneError
from jupyter_safecoder.finetune.jobs.job import LocalJob, all_jobs
from jupyter_safecoder.finetune.jobs.job_files import RESTART
from jupyter_safecoder.finetune.jobs.request import JobRequest
from jupyter_safecoder.finetune.jobs.status import JobStatus
from jupyter_safecoder.finetune.recipe import Recipe
from jupyter_safecoder.settings import RuntimeSettings

OLD_JOB = '{"name": "old", "paths": [], "settings": {}, "recipe": {"judged": 60}, "by": "grace"}'
OLD_STATUS = '{"name": "old", "state": "stopped", "share": 0.5, "total": 20, "held_out": []}'


@pytest.fixture
def job(tmp_path: Path) -> LocalJob:
    job = LocalJob(tmp_path / "cache", "ours")
    job.create_stopped(JobRequest("ours", ["/a"], RuntimeSettings(), Recipe(), "grace"))
    return job


@pytest.fixture
def old(tmp_path: Path) -> LocalJob:
    """A job that version 0.1 left."""
    job = LocalJob(tmp_path / "cache", "old")
    job.files.create()
    job.files.write("job.json", OLD_JOB)
    job.files.write("status.json", OLD_STATUS)
    return job


def test_a_job_that_waits_for_its_processes(job: LocalJob) -> None:
    assert job.status().state == "stopped"
    assert job.status().reason == "It waits for its processes."
    assert job.request().by == "grace"
    assert not job.is_running
    assert not job.is_orphaned
    with pytest.raises(FinetuneError, match="does not run"):
        job.stop()


def test_the_first_status_says_what_is_trained(tmp_path: Path) -> None:
    job = LocalJob(tmp_path / "cache", "ours")
    recipe = Recipe(minutes=30)
    request = JobRequest(
        "ours", ["/a"], RuntimeSettings(), recipe, "grace", base="tiny", documents=6
    )
    job.create_stopped(request)
    assert job.status().plan == {"base": "tiny", "documents": 6, "minutes": 30}
    assert job.request() == request


def test_a_job_is_announced_before_it_starts(job: LocalJob) -> None:
    def interrupt(status: JobStatus) -> None:
        assert status.plan == {"base": "tiny", "documents": 6, "minutes": 9}
        raise KeyboardInterrupt

    request = replace(job.request(), recipe=Recipe(minutes=9), base="tiny", documents=6)
    with pytest.raises(KeyboardInterrupt):
        job.start(request, interrupt)
    assert not job.is_running
    assert job.status() == request.first_status


def test_a_job_whose_process_died(job: LocalJob) -> None:
    job.files.write_status(JobStatus("ours", "running", step=3))
    assert job.is_orphaned
    status = job.status()
    assert (status.state, status.step) == ("stopped", 3)
    assert status.reason == "Its process ended before it was done."
    assert status.remedy.startswith("Resume it")


def test_a_job_that_runs(job: LocalJob) -> None:
    job.files.write_status(JobStatus("ours", "running"))
    with job.files.lock():
        assert job.is_running
        assert not job.is_orphaned
        assert job.status().state == "running"
        changes = (functools.partial(job.create_stopped, job.request()), job.resume, job.delete)
        for change in changes:
            with pytest.raises(FinetuneError, match="A job named ours runs already"):
                change()
        job.stop()
        assert job.files.stop_requested()
        # The worker has not written its id: there is nothing to kill.
        job.kill()


def test_a_job_that_is_done_is_not_resumed(job: LocalJob) -> None:
    job.files.write_status(JobStatus("ours", "done"))
    with pytest.raises(FinetuneError, match="The job ours is done"):
        job.resume()


def test_another_job_of_the_name_deletes_the_files_of_the_first(job: LocalJob) -> None:
    job.files.write("inputs", "x")
    job.create_stopped(JobRequest("ours", ["/b"], RuntimeSettings(), Recipe(), "alan"))
    assert job.files.read("inputs") is None
    assert job.request().by == "alan"


def test_a_job_is_deleted(job: LocalJob) -> None:
    job.delete()
    assert not job.directory.exists()
    with pytest.raises(FinetuneError, match="There is no job 'ours'"):
        job.request()


def test_a_name_that_is_no_directory_s(tmp_path: Path) -> None:
    with pytest.raises(FinetuneError, match="cannot be an adapter's name"):
        LocalJob(tmp_path, "../a")


def test_jobs_are_listed_by_name(job: LocalJob, old: LocalJob) -> None:
    found = all_jobs(job.directory.parent.parent)
    assert [(status.name, status.state) for status in found] == [
        ("old", "stopped"),
        ("ours", "stopped"),
    ]


def test_a_job_of_version_0_1_is_shown_and_not_resumed(old: LocalJob) -> None:
    status = old.status()
    assert (status.state, status.progress, status.total_steps) == ("stopped", 0.5, 20)
    assert status.remedy.startswith("Start it again with 'finetune'")
    for use in (old.resume, old.request):
        with pytest.raises(FinetuneError, match="created by another version") as raised:
            use()
        assert raised.value.remedy == status.remedy
    with pytest.raises(FinetuneError, match="does not run"):
        old.stop()
    old.create_stopped(JobRequest("old", ["/a"], RuntimeSettings(), Recipe(), "grace"))
    assert old.status().state == "stopped"


def test_a_job_of_version_0_1_that_runs_is_stopped(old: LocalJob) -> None:
    old.files.write("status.json", OLD_STATUS.replace("stopped", "running"))
    with old.files.lock():
        assert old.status().state == "running"
        old.stop()
        assert old.files.stop_requested()
    assert (old.status().state, old.status().remedy) == ("stopped", RESTART)


def test_waiting_ends_with_the_job(job: LocalJob) -> None:
    states: list[str] = []

    def on_status(status: JobStatus) -> None:
        states.append(status.state)
        job.files.write_status(JobStatus("ours", "done"))

    with job.files.lock():
        job.files.write_status(JobStatus("ours", "running"))
        assert job.wait(on_status).state == "done"
    assert states == ["running", "done"]
