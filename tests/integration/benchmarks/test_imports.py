"""``python -m benchmarks imports``."""

from __future__ import annotations

import pytest

from tests.support.benchmarks import report_of


def test_a_new_process_imports_the_extension(capsys: pytest.CaptureFixture[str]) -> None:
    report = report_of(capsys, "imports", "--runs", "1")
    assert set(report) == {"jupyter_server_ms", "extension_ms", "modules"}
    assert report["modules"] > 50
    assert min(report["extension_ms"], report["jupyter_server_ms"]) > 0
