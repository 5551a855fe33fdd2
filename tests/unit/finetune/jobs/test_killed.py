"""Why the process of a job has ended."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from jupyter_safecoder.finetune.jobs import process
from jupyter_safecoder.finetune.jobs.job_files import JobFiles
from jupyter_safecoder.finetune.jobs.killed import explain_end, record_counters
from jupyter_safecoder.finetune.jobs.status import JobStatus

STATUS = JobStatus("ours", memory_bytes=2_300_000_000, available_bytes=1_200_000_000)
LACKED = (
    "Its process ended before it was done: it was killed, probably for lack of memory. It needs "
    "about 2.3 GB; 1.2 GB were available at the start."
)
ENDED = "Its process ended before it was done."


@pytest.fixture
def files(tmp_path: Path) -> JobFiles:
    files = JobFiles(tmp_path, "ours")
    files.create()
    return files


def test_the_kernel_has_counted_it(files: JobFiles, tmp_path: Path) -> None:
    counter = tmp_path / "memory.events"
    counter.write_text("oom_kill 1\n")
    files.write("oom-kills", json.dumps({str(counter): 1}))
    assert explain_end(files, STATUS) == (
        ENDED,
        "Resume it: it continues from its last checkpoint.",
    )
    counter.write_text("oom_kill 2\n")
    reason, remedy = explain_end(files, STATUS)
    assert reason == LACKED
    assert "fewer tokens_per_step" in remedy
    files.request_stop()
    assert explain_end(files, STATUS)[0] == ENDED


@pytest.mark.parametrize(
    ("end", "reason"), [("os.kill(os.getpid(), 9)", LACKED), ("sys.exit(3)", ENDED)]
)
def test_how_the_process_ended(
    files: JobFiles, monkeypatch: pytest.MonkeyPatch, end: str, reason: str
) -> None:
    child = subprocess.Popen([sys.executable, "-c", f"import os, sys; {end}"])
    monkeypatch.setattr(process, "_STARTED", [child])
    files.write("process", str(child.pid))
    record_counters(files)
    child.wait()
    assert explain_end(files, STATUS)[0] == reason


def test_what_is_not_known_is_left_out(files: JobFiles) -> None:
    assert explain_end(files, STATUS)[0] == ENDED
    files.write("oom-kills", "[")
    assert explain_end(files, STATUS)[0] == ENDED
