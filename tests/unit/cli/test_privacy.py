"""``privacy scan`` prints what prompts do not have."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from jupyter_safecoder.cli.main import main
from tests.support.team_notebooks import write_notebook


def test_keys_and_passwords_are_masked_and_addresses_are_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_notebook(
        tmp_path / "a.ipynb", "mail = 'ada@example.com'", "y = 2\nconnect(password='Geheim77x')"
    )
    assert main(["privacy", "scan", str(path), "--json"]) == 0
    printed = capsys.readouterr().out
    [found] = json.loads(printed)["found"]
    assert (found["path"], found["line"], found["kind"]) == (str(path), 2, "password")
    assert "Geheim77x" not in printed
    assert main(["secrets", str(path), "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["found"]) == 2


def test_a_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_notebook(tmp_path / "a.ipynb", "x = 1")
    assert main(["privacy", "scan", str(path)]) == 0
    assert "secrets: 0" in capsys.readouterr().out
