"""Runs ``python -m benchmarks`` in this process."""

from __future__ import annotations

import json
from typing import Any

import pytest

from benchmarks.__main__ import main
from tests.support.processes import children_that_run


def report_of(capsys: pytest.CaptureFixture[str], *arguments: object) -> dict[str, Any]:
    """Return the report of a benchmark, which leaves no process."""
    assert main([*map(str, arguments), "--json"]) == 0
    report: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert not children_that_run("jupyterhub")
    assert not children_that_run("jupyter_safecoder")
    return report
