"""The status is written when it changes, and a stop is noticed."""

from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_safecoder.errors import JobStopped
from jupyter_safecoder.finetune.jobs.job_files import JobFiles
from jupyter_safecoder.finetune.jobs.reporter import DONE, TRAINING, StatusReporter
from jupyter_safecoder.finetune.jobs.status import JobStatus


@pytest.fixture
def files(tmp_path: Path) -> JobFiles:
    files = JobFiles(tmp_path, "ours")
    files.create()
    return files


def test_a_new_phase_is_written_at_once(files: JobFiles) -> None:
    reporter = StatusReporter(files, JobStatus("ours"))
    reporter.report("Reading the corpus", 0.02)
    reporter.report("Reading the corpus", 0.03)
    assert files.read_status().progress == 0.02
    reporter.report("Reading the corpus", 0.04, force=True)
    assert files.read_status().progress == 0.04
    reporter.report("Evaluating the base model", 0.05)
    assert files.read_status().phase == "Evaluating the base model"


def test_a_stop_ends_every_phase_but_training(files: JobFiles) -> None:
    reporter = StatusReporter(files, JobStatus("ours"))
    files.request_stop()
    for phase in (TRAINING, DONE):
        reporter.report(phase, 0.5)
    with pytest.raises(JobStopped):
        reporter.report("Reading the corpus", 0.02)


def test_one_of_several_processes_reports(files: JobFiles) -> None:
    files.request_stop()
    StatusReporter(files, JobStatus("ours"), enabled=False).report("Reading the corpus", 0.02)
    assert not files.has_status
