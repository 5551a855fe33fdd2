"""How a job ends, as its status reports."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Any

import pytest

from jupyter_safecoder.errors import EngineError, FinetuneError, JobStopped
from jupyter_safecoder.finetune.jobs import worker
from jupyter_safecoder.finetune.jobs.job import LocalJob
from jupyter_safecoder.finetune.jobs.request import JobRequest
from jupyter_safecoder.finetune.jobs.status import JobStatus
from jupyter_safecoder.finetune.recipe import Recipe
from jupyter_safecoder.settings import RuntimeSettings

LOG = Path("/job/log")
#: What PyTorch says under a limit of memory.
_OUT_OF_MEMORY = "[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate"


@pytest.mark.parametrize(
    ("error", "reason", "remedy"),
    [
        (FinetuneError("A reason.", "A remedy."), "A reason.", "A remedy."),
        (EngineError("A reason.", "A remedy."), "A reason.", "A remedy."),
        (OSError(errno.ENOSPC, "x"), "The disk is full.", "Free some space"),
        (OSError(errno.EDQUOT, "x"), "The disk is full.", "Free some space"),
        (OSError(errno.EFBIG, "x"), "The disk is full.", "Free some space"),
        (OSError(errno.EACCES, "Permission denied", "/a"), "/a cannot be used: Permission", "Fix"),
        (MemoryError(), "There is not enough memory.", "Choose a smaller model"),
        (RuntimeError(_OUT_OF_MEMORY), "There is not enough memory.", "Choose a smaller model"),
        (ZeroDivisionError("x"), "Training failed with an error (ZeroDivisionError).", "/job/log"),
    ],
)
def test_the_reason_of_an_error(error: Exception, reason: str, remedy: str) -> None:
    found = worker.failure(error, LOG)
    assert found[0].startswith(reason)
    assert found[1].startswith(remedy)


@pytest.mark.parametrize(
    ("outcome", "state", "status"),
    [
        (None, "done", 0),
        (JobStopped(), "stopped", 1),
        (FinetuneError("No.", "Yes."), "failed", 1),
        (OSError(errno.ENOSPC, "x"), "failed", 1),
        (ZeroDivisionError(), "failed", None),
    ],
)
def test_the_status_at_the_end(
    outcome: Exception | None,
    state: str,
    status: int | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Runner:
        def __init__(self, job: LocalJob, status: Any) -> None:
            self.status = status

        def run(self) -> None:
            if outcome is not None:
                raise outcome
            self.status.state = "done"

    monkeypatch.setattr(worker, "JobRunner", Runner)
    monkeypatch.setattr(worker, "_prepare_process", lambda job: None)
    job = LocalJob(tmp_path / "cache", "ours")
    job.create_stopped(JobRequest("ours", ["/a"], RuntimeSettings(), Recipe(), "grace"))
    # The time that an earlier process had left says nothing of this one.
    job.files.write_status(JobStatus("ours", "stopped", eta_s=90.0))
    if status is None:
        with pytest.raises(ZeroDivisionError):
            worker.main(job.directory)
    else:
        assert worker.main(job.directory) == status
    assert job.status().state == state
    assert job.status().eta_s is None
    assert not (job.directory / "reserve").exists()
    assert not job.is_running
