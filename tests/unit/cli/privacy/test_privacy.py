"""``privacy`` shows each place that data could go to, as this machine is configured."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from jupyter_safecoder.cli.main import main
from jupyter_safecoder.privacy.destination import read_table
from tests.support.team_notebooks import write_notebook

Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def config_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path))
    return tmp_path


def test_json(capsys: Capture) -> None:
    assert main(["privacy", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert [one["id"] for one in report["destinations"]] == [row.id for row in read_table()]
    assert report["safe"] == all(one["safe"] for one in report["destinations"])


def test_lines_name_what_leaves_and_what_to_do(capsys: Capture, config_directory: Path) -> None:
    (config_directory / "jupyter_server_config.py").write_text(
        "c.SafeCoder.remote_url = 'https://llm.example'\n"
    )
    assert main(["privacy"]) == 0
    printed = capsys.readouterr().out
    assert "OUT safecoder.remote: Prompts go to a completion server. (https://llm.exam" in printed
    assert "→ c.SafeCoder.remote_url = ''" in printed
    assert "of these send to another machine." in printed


def test_the_command_below_it(capsys: Capture, tmp_path: Path) -> None:
    path = write_notebook(tmp_path / "a.ipynb", "x = 1")
    assert main(["privacy", "scan", str(path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["found"] == []
