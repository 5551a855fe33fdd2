"""Locks on file systems that have none: a reason, and never a wrong "stopped"."""

from __future__ import annotations

import errno
import fcntl
from pathlib import Path
from typing import Any

import pytest
from filelock import Timeout

from jupyter_safecoder.adapters.registry import Registry
from jupyter_safecoder.errors import FinetuneError, LocksUnavailable, ModelError
from jupyter_safecoder.files import file_lock
from jupyter_safecoder.files.locks import process_lock
from jupyter_safecoder.finetune.jobs.job import LocalJob, all_jobs
from jupyter_safecoder.finetune.jobs.status import JobStatus
from jupyter_safecoder.hub.accounting.audit_log import AuditLog

_NUMBERS = ("ENOLCK", "ENOTSUP", "ENOSYS", "EIO")


@pytest.fixture(params=_NUMBERS)
def no_locks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the system refuse each lock, as a file system without them does."""

    def refuse(*arguments: Any) -> None:
        raise OSError(getattr(errno, request.param), "refused")

    monkeypatch.setattr(fcntl, "flock", refuse)


@pytest.mark.usefixtures("no_locks")
def test_a_lock_says_why_it_cannot_be_had(tmp_path: Path) -> None:
    with pytest.raises(LocksUnavailable, match=f"{tmp_path} has no file locks") as raised:
        process_lock(tmp_path / "lock").acquire(timeout=0)
    assert "a local disk" in raised.value.remedy
    # Who waits for a conversion, or trains, catches these.
    assert isinstance(raised.value, ModelError)
    assert isinstance(raised.value, FinetuneError)
    with pytest.raises(LocksUnavailable), file_lock(tmp_path / "lock"):
        pytest.fail("There is no lock.")


def test_a_lock_of_another_process_is_waited_for(tmp_path: Path) -> None:
    with process_lock(tmp_path / "lock"), pytest.raises(Timeout):
        process_lock(tmp_path / "lock").acquire(timeout=0)


@pytest.mark.parametrize("state", ["starting", "running", "done", "failed"])
@pytest.mark.usefixtures("no_locks")
def test_a_job_is_not_called_stopped(tmp_path: Path, state: Any) -> None:
    job = LocalJob(tmp_path, "ours")
    job.files.create()
    job.files.write("job.json", "{}")
    job.files.write_status(JobStatus("ours", state=state, reason="As written."))
    (status,) = all_jobs(tmp_path)
    assert status.state == state
    if not status.over:
        assert status.reason.startswith("It is not known whether its process runs.")
        assert "has no file locks" in status.reason
        assert status.remedy
        for use in (job.stop, job.delete):
            with pytest.raises(FinetuneError, match="has no file locks"):
                use()
    else:
        assert status.reason == "As written."


@pytest.mark.usefixtures("no_locks")
def test_what_needs_a_lock_fails_with_the_reason(tmp_path: Path) -> None:
    with (
        pytest.raises(LocksUnavailable),
        Registry(tmp_path).staging("ours"),
    ):
        pytest.fail("There is no lock.")
    (tmp_path / "audit").mkdir()
    with pytest.raises(OSError, match="has no file locks"):
        AuditLog(tmp_path / "audit")
