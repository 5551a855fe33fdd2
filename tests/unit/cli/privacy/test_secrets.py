"""``secrets`` prints where secrets are, never what they are."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from jupyter_safecoder.cli.main import main
from tests.support.team_notebooks import write_notebook

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def notebook(tmp_path: Path) -> Path:
    return write_notebook(tmp_path / "a.ipynb", "x = 1", "y = 2\nconnect(password='Geheim77x')")


def test_the_places_as_json(notebook: Path, capsys: Capture) -> None:
    assert main(["secrets", str(notebook), "--json"]) == 0
    printed = capsys.readouterr().out
    report = json.loads(printed)
    [found] = report["found"]
    assert found["path"] == str(notebook)
    assert (found["line"], found["kind"]) == (2, "password")
    assert (found["start"], found["end"]) == (18, 27)
    assert isinstance(found["cell"], int)
    assert report["lines"] >= 3
    assert report["left_out"] == []
    assert "Geheim77x" not in printed


def test_a_table_without_the_values(notebook: Path, capsys: Capture) -> None:
    assert main(["secrets", str(notebook)]) == 0
    printed = capsys.readouterr().out
    assert "found: 1" in printed
    assert "secrets: 1" in printed
    assert "Geheim77x" not in printed


def test_the_exit_status_on_request(notebook: Path, tmp_path: Path, capsys: Capture) -> None:
    clean = tmp_path / "clean.py"
    clean.write_text("x = 1\n")
    assert main(["secrets", str(notebook), "--fail"]) == 1
    assert main(["secrets", str(clean), "--fail"]) == 0


def test_a_file_that_cannot_be_read(tmp_path: Path, capsys: Capture) -> None:
    assert main(["secrets", str(tmp_path / "none.ipynb")]) == 1
    assert "There is no file" in capsys.readouterr().err


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
