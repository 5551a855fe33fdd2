"""The output of commands."""

from __future__ import annotations

import json

import pytest

from jupyter_safecoder.cli.output import (
    print_error,
    print_report,
    print_table,
    progress_bar,
    progress_share,
)

REPORT = {"tasks": 2, "ttft_ms": {"p50": 1.5, "p95": 2}, "layouts": {"spm": {"tpot": {"p50": 1}}}}


def test_a_report_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    assert print_report(REPORT, as_json=True) == 0
    assert json.loads(capsys.readouterr().out) == REPORT


def test_a_report_for_users(capsys: pytest.CaptureFixture[str]) -> None:
    assert print_report(REPORT, as_json=False) == 0
    assert capsys.readouterr().out.splitlines() == [
        "tasks: 2",
        "ttft_ms: p50 1.5, p95 2",
        "layouts",
        "  spm",
        "    tpot: p50 1",
    ]


def test_an_error_is_one_line_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    print_error("It failed.", "Try again.")
    print_error("It failed.")
    captured = capsys.readouterr()
    assert captured.err == "It failed. Try again.\nIt failed.\n"
    assert captured.out == ""


def test_a_table_has_a_column_for_each_key(capsys: pytest.CaptureFixture[str]) -> None:
    print_table([{"name": "a", "size": 1}, {"name": "b", "note": None}])
    text = capsys.readouterr().out
    assert all(word in text for word in ("name", "size", "note", "a", "b", "1"))
    assert "None" not in text


def test_progress_stays_off_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_bar("Working", 3) as advance:
        advance(3)
    with progress_share("Working") as show:
        show(0.5, "Step")
    assert capsys.readouterr().out == ""
