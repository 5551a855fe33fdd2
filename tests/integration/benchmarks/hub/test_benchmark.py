"""``python -m benchmarks hub``: a real JupyterHub with a few users, and what is measured."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchmarks.__main__ import main
from benchmarks.hub.benchmark import overhead
from tests.support.benchmarks import report_of


def test_a_real_hub(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = report_of(capsys, "hub", "--users", 4, "--seconds", 3)
    assert report["users"] == 4
    first_token_ms = report["engine"]["first_token_ms"]
    for times in (report["ttft_ms"], report["runtime_ttft_ms"]):
        assert first_token_ms < times["p50"] <= times["p95"]
    assert report["overhead_ms"] == overhead(report["ttft_ms"], report["runtime_ttft_ms"])
    assert report["requests"]["answered"] >= 4
    assert report["flood_p95_ratio"] > 0
    assert set(report["flood_p95_ms"]) == {"without", "during"}
    # At least one of four users had tokens, and the engine was full: 8 of 40 requests run.
    assert 0.25 <= report["jain"] <= 1
    assert report["saturated"]["tokens_per_s"] > 100
    # Two Python processes with their imports.
    assert len(report["rss_mb"]) >= 3
    assert all(megabytes > 60 for megabytes in report["rss_mb"])
    assert not list((tmp_path / "tmp").glob("tmp*"))


def test_without_the_extra(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "jupyterhub", None)
    assert main(["hub"]) == 1
    error = capsys.readouterr().err
    assert "jupyterhub is not installed here." in error
    assert "jupyter-safecoder[hub,local]" in error


def test_a_single_user_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["hub", "--users", "1"]) == 1
    assert "at least two users" in capsys.readouterr().err
