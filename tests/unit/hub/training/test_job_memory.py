"""A job cannot take the memory of the service."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from jupyter_safecoder.engines.hardware.cpu import available_bytes
from jupyter_safecoder.hub.training import job_memory
from jupyter_safecoder.hub.training.job_memory import limit_memory

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has these limits")
_CHILD = """
import sys
sys.stdin.readline()
try:
    bytearray(2**30)
    print("allocated")
except MemoryError:
    print("refused")
print(open("/proc/self/oom_score_adj").read().strip())
"""


def _run(limit: bool) -> list[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", _CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    if limit:
        limit_memory(process.pid)
    return process.communicate("\n", timeout=30)[0].split()


def test_a_job_that_asks_for_more_memory_than_there_is_fails(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(job_memory, "_NVIDIA", tmp_path / "absent")
    monkeypatch.setattr(job_memory, "available_bytes", lambda: 2**29)
    assert _run(limit=True) == ["refused", "1000"]
    assert _run(limit=False)[0] == "allocated"


def test_the_memory_that_is_available_can_be_used(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(job_memory, "_NVIDIA", tmp_path / "absent")
    assert (available_bytes() or 0) > 2**31
    assert _run(limit=True) == ["allocated", "1000"]


def test_with_a_gpu_only_the_order_is_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(job_memory, "_NVIDIA", tmp_path)
    monkeypatch.setattr(job_memory, "available_bytes", lambda: 2**29)
    assert _run(limit=True) == ["allocated", "1000"]


def test_a_process_that_has_ended() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    limit_memory(process.pid)
