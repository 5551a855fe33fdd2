"""``model verify`` and ``adapter verify``: each check, and the exit status."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from jupyter_safecoder.cli.cards.verify import checks_of_model, print_checks
from jupyter_safecoder.cli.main import main
from jupyter_safecoder.models import resolve_model
from jupyter_safecoder.models.cards import Check
from jupyter_safecoder.models.description import read_description
from jupyter_safecoder.settings import RuntimeSettings
from tests.support.paths import ROOT
from tests.support.tiny_gguf import write_mixed_gguf

Capture = pytest.CaptureFixture[str]


@pytest.mark.slow
def test_the_shipped_model_passes_and_gives_the_completion_of_its_card(cache: Path) -> None:
    model = read_description(ROOT / "weights" / "safecoder_smol_135m")
    requested = RuntimeSettings(model=model.name, cache_dir=str(cache))
    checks = list(checks_of_model(model, (), requested, lambda share, text: None))
    assert {check.check: check.ok for check in checks} == {
        **{"files": True, "catalogue": None, "shapes": True, "tokenizer": True},
        **{"license": True, "calibration": True, "probe": True},
    }, checks


def test_the_adapter_of_a_model_of_the_catalogue_is_checked(cache: Path, tmp_path: Path) -> None:
    model = resolve_model(str(write_mixed_gguf(tmp_path / "x.gguf")), cache=cache)
    named = replace(model, name="safecoder-qwen-0.5b")
    requested = RuntimeSettings(cache_dir=str(cache))
    checks = list(checks_of_model(named, (), requested, lambda share, text: None))
    [adapter] = [check for check in checks if check.check == "adapter"]
    assert adapter.ok is True


def test_a_damaged_file_of_a_user(tmp_path: Path, cache: Path, capsys: Capture) -> None:
    path = write_mixed_gguf(tmp_path / "x.gguf")
    words = ["model", "verify", str(path), "--cache-dir", str(cache)]
    assert main([*words, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["ok"] is True
    assert {check["check"] for check in report["checks"]} >= {"files", "shapes", "tokenizer"}
    path.with_name("tokenizer.json").write_text("{}")
    assert main(words) == 1
    assert "not a tokenizer" in capsys.readouterr().err


def test_a_failed_check_is_printed_and_is_the_exit_status(capsys: Capture) -> None:
    checks = [Check("a", True, "fine"), Check("b", None, "nothing"), Check("c", False, "It broke.")]
    assert print_checks({"model": "m", "ok": True}, checks, as_json=False) == 1
    printed = capsys.readouterr()
    assert printed.out.splitlines() == [
        *("model: m", "ok: False", "a: ok: fine", "b: unknown: nothing"),
        "c: FAILED: It broke.",
    ]
    assert printed.err == "It broke.\n"
    assert print_checks({"ok": True}, checks[:2], as_json=True) == 0
    assert json.loads(capsys.readouterr().out)["ok"] is True
