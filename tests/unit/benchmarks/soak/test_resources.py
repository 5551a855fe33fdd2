"""What processes hold is read as the system says it."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from benchmarks.soak import resources
from benchmarks.soak.resources import Resources, compare, read_resources


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resources, "_PAUSE_S", 0)


def test_what_this_process_opens_is_counted(tmp_path: Path) -> None:
    before = read_resources([os.getpid()], tmp_path)
    stop = threading.Event()
    thread = threading.Thread(target=stop.wait)
    thread.start()
    try:
        with (tmp_path / "file").open("wb") as stream:
            stream.write(bytes(10**6))
            stream.flush()
            after = read_resources([os.getpid()], tmp_path)
    finally:
        stop.set()
        thread.join()
    assert after.descriptors == before.descriptors + 1
    assert after.threads == before.threads + 1
    assert after.processes == before.processes >= 1
    assert (before.disk_mb, after.disk_mb) == (0.0, 1.0)
    assert after.rss_mb > 1


def test_the_comparison() -> None:
    first = Resources(100.0, 20, 5, 3, 2, 1.0)
    report = compare(first, Resources(104.0, 22, 5, 3, 2, 1.5))
    assert report["rss_mb"] == {"first_tenth": 100.0, "end": 104.0}
    assert report["growth"] == 0.04
    assert report["descriptors"] == {"first_tenth": 20, "end": 22, "leaked": 2}
    assert report["disk_mb"] == {"first_tenth": 1.0, "end": 1.5}
