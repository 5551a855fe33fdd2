"""``jupyter safecoder`` itself."""

from __future__ import annotations

from tests.support.cli import run


def test_help_and_version() -> None:
    assert "complete" in run("--help").stdout
    assert run("--version").stdout.strip()
    run(status=2)
