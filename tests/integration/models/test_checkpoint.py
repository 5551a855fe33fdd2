"""A runtime reports what is wrong with a checkpoint."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any


def test_the_runtime_reports_a_truncated_checkpoint(
    checkpoint: Path, start_runtime: Callable[..., Any]
) -> None:
    path = checkpoint / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-1000])
    runtime = start_runtime(model=str(checkpoint))
    while (status := runtime.client.status()).state not in ("failed", "ready"):
        pass
    assert status.state == "failed"
    assert "truncated" in status.reason
    assert "again" in status.remedy
    assert runtime.process.poll() is None
