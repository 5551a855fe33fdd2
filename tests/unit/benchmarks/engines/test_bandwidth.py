"""The read bandwidth of this machine."""

from __future__ import annotations

import os

import pytest

from benchmarks.engines import bandwidth


def test_the_bandwidth_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bandwidth, "_BUFFER_BYTES", 2**24)
    assert 0.01 < bandwidth.read_bandwidth_gb_s() < 10_000


def test_usable_cores() -> None:
    assert 1 <= bandwidth.usable_cores() <= (os.cpu_count() or 1)
