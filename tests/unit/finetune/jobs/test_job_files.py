"""The files of a job are private, and replaced in one step."""

from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_safecoder.errors import FinetuneError
from jupyter_safecoder.finetune.jobs.job_files import JobFiles
from jupyter_safecoder.finetune.jobs.request import JobRequest
from jupyter_safecoder.finetune.jobs.status import JobStatus
from jupyter_safecoder.finetune.recipe import Recipe
from jupyter_safecoder.settings import RuntimeSettings
from tests.support.full_disk import files_of_at_most

REQUEST = JobRequest("ours", [], RuntimeSettings(), Recipe(), "grace")


@pytest.fixture
def files(tmp_path: Path) -> JobFiles:
    files = JobFiles(tmp_path / "cache", "ours")
    files.create()
    return files


def test_no_other_user_can_read_them(files: JobFiles) -> None:
    files.write_request(REQUEST)
    assert files.directory.stat().st_mode & 0o077 == 0
    assert (files.directory / "job.json").stat().st_mode & 0o077 == 0


def test_the_request(files: JobFiles) -> None:
    with pytest.raises(FinetuneError, match="There is no job 'ours'"):
        files.read_request()
    assert not files.outdated
    files.write_request(REQUEST)
    assert files.read_request() == REQUEST
    assert not files.outdated


def test_a_job_of_version_0_1_is_refused(files: JobFiles) -> None:
    files.write(
        "job.json", '{"name": "ours", "paths": [], "settings": {}, "recipe": {"judged": 60}}'
    )
    assert files.outdated
    with pytest.raises(FinetuneError, match="created by another version") as raised:
        files.read_request()
    assert "Start it again" in raised.value.remedy


def test_the_status(files: JobFiles) -> None:
    assert not files.has_status
    assert files.read_status() == JobStatus("ours")
    status = JobStatus("ours", "running", step=3, val_curve=[[0, 2.0]])
    files.write_status(status)
    assert files.has_status
    assert files.read_status() == status
    files.write("status.json", '{"name": "ours", "curve": []}')
    assert files.read_status() == JobStatus("ours")


def test_the_last_status_is_written_where_the_disk_is_full(files: JobFiles) -> None:
    files.reserve_space()
    reserved = files.directory / "reserve"
    assert reserved.stat().st_size == 2**18
    files.write_final(JobStatus("ours", "failed"))
    assert not reserved.exists()
    assert files.read_status().state == "failed"


def test_a_stop_is_requested_and_withdrawn(files: JobFiles) -> None:
    assert not files.stop_requested()
    files.request_stop()
    assert files.stop_requested()
    files.clear_stop()
    files.clear_stop()
    assert not files.stop_requested()


def test_a_file_is_whole_or_the_old_one(files: JobFiles) -> None:
    assert files.read("inputs") is None
    files.write("inputs", "before")
    with files_of_at_most(10), pytest.raises(OSError, match="large"):
        files.write("inputs", "x" * 100)
    assert [path.name for path in files.directory.iterdir()] == ["inputs"]
    assert files.read("inputs") == "before"


def test_clearing_keeps_the_locks(files: JobFiles) -> None:
    with files.lock(), files.start_lock():
        files.write_request(REQUEST)
        (files.directory / "sources").mkdir()
        files.clear()
        assert {path.name for path in files.directory.iterdir()} == {"lock", "start"}
