"""The benchmark in Chromium, with the embedded model and few keys."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

from tests.support.paths import ROOT


def test_the_report() -> None:
    """In a process of its own: Playwright runs once in a process."""
    command = ["browser", "--keys", "30", "--first-keys", "1", "--cells", "12", "--json"]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", *command],
        cwd=ROOT,
        env=os.environ,
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    report: dict[str, Any] = json.loads(done.stdout)
    for name in ("keystroke_to_ghost_ms", "main_thread_ms", "first_key_ms"):
        assert set(report[name]) == {"p50", "p95"}
    assert 0 < report["main_thread_ms"]["p50"] <= report["main_thread_ms"]["p95"]
    assert report["first_key_ms"]["p50"] > 0
    assert report["first_keys"] == 1
    assert 30 <= report["keys"] <= 33
    assert report["requests"] > 0
    for name in ("saved", "wasted_tokens"):
        assert 0 <= report[name] <= 1
    if report["answered"]:
        assert report["keystroke_to_ghost_ms"]["p50"] > 0
        assert 0 <= report["answered_without_request"] <= 1
