"""The audit log: whole, and known to be; whatever somebody does to it."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from jupyter_safecoder.cli.main import main
from jupyter_safecoder.hub.accounting.audit_chain import LogPosition, entries_after
from jupyter_safecoder.hub.accounting.audit_log import AuditLog
from jupyter_safecoder.hub.accounting.audit_verification import verify
from tests.support.full_disk import files_of_at_most


def written(directory: Path, number: int = 6, rotate: int = 600) -> list[Path]:
    log = AuditLog(directory, rotate)
    for n in range(number):
        log.write({"user": f"üser {n}\n", "action": "complete", "outcome": "end"})
    log.close()
    return sorted(directory.glob("*.jsonl"))


def test_the_chain_goes_on_over_files_and_starts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = written(tmp_path)
    assert len(files) > 1
    written(tmp_path)
    assert verify(tmp_path).lines == 12
    assert verify(tmp_path).error == ""
    assert all(path.stat().st_mode & 0o077 == 0 for path in files)
    assert main(["audit", "verify", str(tmp_path), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["ok"], report["lines"], report["error"]) == (True, 12, "")


def altered(lines: list[str]) -> list[str]:
    return [lines[0].replace("\\u00fc", "u"), *lines[1:]]


@pytest.mark.parametrize(
    "change",
    [
        altered,
        lambda lines: lines[1:],
        lambda lines: [lines[1], lines[0], *lines[2:]],
        lambda lines: [*lines[:1], "{}", *lines[1:]],
        lambda lines: ["not json", *lines],
        lambda lines: [lines[0].replace('"hash"', '"hush"'), *lines[1:]],
    ],
)
def test_what_was_changed_is_found(
    change: object, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert callable(change)
    [path] = written(tmp_path, rotate=10**6)
    lines = path.read_text().splitlines()
    path.write_text("\n".join(change(lines)) + "\n")
    assert verify(tmp_path).error
    assert main(["audit", "verify", str(tmp_path)]) == 1
    assert f"{path.name}, line" in capsys.readouterr().err
    # Later lines do not repair it.
    written(tmp_path, rotate=10**6)
    assert verify(tmp_path).error


def test_a_removed_file_is_found(tmp_path: Path) -> None:
    files = written(tmp_path, 9)
    files[1].unlink()
    assert verify(tmp_path).error.startswith(files[2].name)


def test_a_line_that_a_killed_process_left_half_is_cut_off_and_noted(tmp_path: Path) -> None:
    [path] = written(tmp_path, rotate=10**6)
    whole = path.read_bytes()
    path.write_bytes(whole + whole[-200:-120])
    AuditLog(tmp_path).write({"user": "x", "action": "complete", "outcome": "end"})
    assert verify(tmp_path).lines == 6 + 2
    assert verify(tmp_path).error == ""
    entries = [json.loads(line) for line in path.read_text().splitlines()]
    assert [entry["action"] for entry in entries[-2:]] == ["recovered", "complete"]
    assert entries[-2]["bytes"] == 80


def test_a_full_disk_leaves_whole_lines(tmp_path: Path) -> None:
    log = AuditLog(tmp_path)
    refused = 0
    with files_of_at_most(1000):
        for _ in range(20):
            try:
                log.write({"user": "u", "action": "complete", "outcome": "end"})
            except OSError:
                refused += 1
    log.close()
    result = verify(tmp_path)
    assert result.error == ""
    assert 0 < result.lines == 20 - refused


def test_old_files_are_pruned_by_the_service_alone(tmp_path: Path) -> None:
    files = written(tmp_path, 9)
    log = AuditLog(tmp_path, 600)
    for path in files[:2]:
        os.utime(path, (time.time() - 40 * 86_400,) * 2)
    assert log.prune(50) == 0
    assert log.prune(30) == 2
    assert not files[0].exists()
    assert verify(tmp_path).error == ""
    files[2].unlink()
    assert "removed" in verify(tmp_path).error


def test_each_day_has_a_file(tmp_path: Path) -> None:
    [path] = written(tmp_path, 1)
    os.utime(path, (time.time() - 86_400,) * 2)
    assert len(written(tmp_path, 1)) == 2
    assert verify(tmp_path).lines == 2


def test_entries_after_a_position(tmp_path: Path) -> None:
    written(tmp_path, 5)
    found = entries_after(tmp_path, LogPosition(), 3)
    rest = entries_after(tmp_path, found[-1][1], 99)
    users = [entry["user"] for entry, _ in found + rest]
    assert users == [f"üser {n}\n" for n in range(5)]
    assert entries_after(tmp_path, rest[-1][1], 99) == []


def test_two_do_not_write_one_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jupyter_safecoder.hub.accounting.audit_log._LOCK_TIMEOUT_S", 0.2)
    first = AuditLog(tmp_path)
    with pytest.raises(OSError, match="give each a state of its own"):
        AuditLog(tmp_path)
    first.close()
    AuditLog(tmp_path).close()
