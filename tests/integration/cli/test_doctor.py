"""``jupyter safecoder doctor``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from jupyter_safecoder.engines.scripted import write_scripted_model
from jupyter_safecoder.models import EMBEDDED
from tests.support.cli import SCRIPT, run, run_json, scripted_model


@pytest.fixture
def model(tmp_path: Path) -> list[str]:
    return scripted_model(tmp_path)


def test_the_embedded_model() -> None:
    done = run("doctor", "--json", status=0)
    report = json.loads(done.stdout)
    assert done.stdout.count("\n") == 1
    assert report["ok"] is True
    assert (report["engine"], report["model"]) == ("openvino", EMBEDDED)
    for check in report["checks"]:
        assert set(check) == {"name", "ok", "detail", "remedy"}
        assert check["ok"] == (check["remedy"] == "")
    checks = {check["name"]: check["detail"] for check in report["checks"]}
    assert {"python", "model", "accelerator", "engine", "runtime"} <= set(checks)
    assert (report["device"], report["precision"]) == ("CPU", "")
    assert report["why"] in checks["engine"]
    assert report["accelerators"][0]["kind"] == "cpu"
    assert all(set(found) == {"kind", "name", "detail"} for found in report["accelerators"])
    assert report["accelerators"][0]["name"] in checks["accelerator"]


def test_a_model_that_was_changed(tmp_path: Path) -> None:
    directory = write_scripted_model(tmp_path / "model", SCRIPT)
    (directory / "script.json").write_text("other")
    report = run_json("doctor", "--model", directory, "--engine", "scripted", status=1)
    assert report["ok"] is False
    checks = {check["name"]: check for check in report["checks"]}
    for name in ("model", "runtime"):
        assert checks[name]["ok"] is False
        assert "script.json" in checks[name]["detail"]
        assert checks[name]["remedy"]
    text = run("doctor", "--model", directory, PYTHONIOENCODING="ascii", status=1)
    assert "BAD model" in text.stdout


def test_an_engine_that_there_is_not(model: list[str]) -> None:
    report = run_json("doctor", *model[:2], "--engine", "soroban", status=1)
    checks = {check["name"]: check for check in report["checks"]}
    assert checks["engine"]["detail"] == "There is no engine named 'soroban'."
    assert "openvino" in checks["engine"]["remedy"]
    assert report["engine"] is None
