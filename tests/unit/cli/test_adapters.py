"""``adapter`` on a registry with one adapter."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from jupyter_safecoder.adapters.card import Card
from jupyter_safecoder.adapters.registry import Registry
from jupyter_safecoder.cli.main import main
from tests.support.plain_lora import write_small_lora

Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    cache = tmp_path / "cache"
    monkeypatch.setenv("JUPYTER_SAFECODER_CACHE", str(cache))
    curves = {"train": [[1, 2.0]], "val": [[0, 2.1]]}
    card = Card("ours", "tiny", "0" * 64, "", {}, {}, curves, {}, {}, False, "Rejected.", "", "")
    registry = Registry(cache)
    with registry.staging("ours") as staged:
        write_small_lora(staged)
        registry.commit(staged, card)
    return cache


def run(capsys: Capture, *words: object) -> Any:
    assert main(["adapter", *map(str, words), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_list_show_and_verify(capsys: Capture) -> None:
    [row] = run(capsys, "list")["adapters"]
    assert (row["adapter"], row["accepted"], row["in_use"]) == ("ours", False, False)
    assert run(capsys, "show", "ours")["curves"]["val"] == [[0, 2.1]]
    verified = run(capsys, "verify", "ours")
    checks = {check["check"]: check["ok"] for check in verified.pop("checks")}
    assert verified == {"adapter": "ours", "ok": True, "files": 2}
    assert checks == {"files": True, "matrices": True, "base": None}
    assert main(["adapter", "show", "ours"]) == 0
    assert "validation loss: [[0, 2.1]]" in capsys.readouterr().out


def test_export_import_and_remove(capsys: Capture, tmp_path: Path, cache: Path) -> None:
    exported = tmp_path / "exported"
    run(capsys, "export", "ours", exported)
    imported = run(capsys, "import", exported, "--name", "again")
    assert imported == {"adapter": "again", "directory": str(cache / "adapters" / "again")}
    assert run(capsys, "remove", "ours") == {"removed": "ours"}
    assert main(["adapter", "remove", "ours"]) == 1
    assert "There is no adapter 'ours'. There are: again." in capsys.readouterr().err


@pytest.mark.parametrize("words", [[], ["ours", "--base"], ["--base", "--previous"]])
def test_one_adapter_is_used(words: list[str], capsys: Capture) -> None:
    with pytest.raises(SystemExit):
        main(["adapter", "use", *words])


def test_card_by_name_and_by_directory(capsys: Capture, tmp_path: Path) -> None:
    card = run(capsys, "card", "ours")
    assert (card["kind"], card["base"]["name"]) == ("adapter", "tiny")
    run(capsys, "export", "ours", tmp_path / "exported")
    assert run(capsys, "card", tmp_path / "exported") == card
    assert main(["adapter", "card", "ours", "--markdown"]) == 0
    assert "# ours" in capsys.readouterr().out
    assert main(["adapter", "card", "none"]) == 1
    assert "There is no adapter 'none'" in capsys.readouterr().err
