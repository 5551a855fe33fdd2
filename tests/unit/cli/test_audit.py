"""The commands of the audit log."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from jupyter_safecoder.cli import main as cli
from jupyter_safecoder.hub.accounting.audit_log import AuditLog


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """Create the directory of a log."""
    (path := tmp_path / "audit").mkdir()
    return path


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str]:
    """Run a command; return its status and what it prints."""
    status = cli.main(["audit", *map(str, words)])
    printed = capsys.readouterr()
    return status, printed.out + printed.err


def test_from_a_key_to_a_proof(directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    key = directory.parent / "first"
    status, text = run(capsys, "key", directory, key)
    assert status == 0
    assert f"Move {key} to another machine" in text
    log = AuditLog(directory)
    log.write({"user": "ada"})
    noted = log.last_hash
    log.write({"user": "bob"})
    status, text = run(capsys, "key", directory, directory.parent / "second")
    assert status == 1
    assert "Stop the service first." in text
    log.close()
    status, text = run(capsys, "verify", directory, "--hash", noted, "--key", key)
    assert status == 0
    assert "2 lines" in text
    assert "Its lines have the codes of the key." in text
    assert f"The hash {noted} is on it: audit-000001.jsonl, line 1." in text
    status, text = run(capsys, "verify", directory, "--hash", "f" * 64, "--json")
    assert status == 1
    report = json.loads(text)
    assert (report["ok"], report["lines"], report["found"]) == (False, 2, {})
    assert report["error"].startswith(f"The hash {'f' * 64} is not on the chain")


def test_files_that_cannot_be_used(directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words in (("verify", directory / "none"), ("key", directory / "none", "first")):
        status, text = run(capsys, *words)
        assert (status, "is not a directory" in text) == (1, True)
    (bad := directory / "bad").write_text("x")
    status, text = run(capsys, "verify", directory, "--key", bad)
    assert status == 1
    assert f"{bad} cannot be used: it is not a key" in text


def test_an_audit_log_that_is_not_there_is_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["audit", "verify", str(tmp_path / "none")]) == 1
    assert "is not a directory" in capsys.readouterr().err
    assert cli.main(["audit", "verify", str(tmp_path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "ok": True,
        "lines": 0,
        "last": "0" * 64,
        "error": "",
        "found": {},
    }
