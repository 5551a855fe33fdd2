"""The output of commands."""

from __future__ import annotations

import json

import pytest

from jupyter_safecoder.cli.output import (
    print_error,
    print_line,
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


HOSTILE = "a[/bold][link=https://x]b[/link]\x1b]0;title\x07\u202e"


def test_a_name_is_neither_markup_nor_a_command_for_the_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_table([{"path": HOSTILE}])
    print_line(HOSTILE)
    print_error(HOSTILE)
    with progress_share(HOSTILE) as show:
        show(0.5, HOSTILE)
    with progress_bar(HOSTILE, 3) as advance:
        advance(3)
    captured = capsys.readouterr()
    shown = "a[/bold][link=https://x]b[/link]\\x1b]0;title\\x07\\u202e"
    assert captured.out.count(shown) == 2
    assert shown in captured.err
    assert "\x07" not in captured.out + captured.err
    assert "\u202e" not in captured.out + captured.err


def test_text_is_printed_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    print_line("é\t中\n\U0001f600")
    assert capsys.readouterr().out == "é\t中\n\U0001f600\n"
