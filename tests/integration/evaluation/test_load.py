"""``jupyter safecoder bench load``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from jupyter_safecoder.cli.main import main
from jupyter_safecoder.engines.scripted import write_scripted_model

LOAD = {"users", "tokens_per_s", "ttft_ms", "per_user_p95_ms"}


def bench(capsys: pytest.CaptureFixture[str], *arguments: object) -> dict[str, Any]:
    assert main(["bench", *map(str, arguments), "--json"]) == 0
    report: dict[str, Any] = json.loads(capsys.readouterr().out)
    return report


def test_load(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    script = {"otherwise": "abcdefgh", "first_token_ms": 20, "token_ms": 2}
    model = write_scripted_model(tmp_path / "model", script)
    report = bench(
        capsys, "load", "--users", 3, "--seconds", 1.5, "--model", model, "--engine", "scripted"
    )
    alone = report.pop("single")
    assert set(report) == set(alone) == LOAD
    assert (report["users"], alone["users"]) == (3, 1)
    for part in (report, alone):
        assert len(part["per_user_p95_ms"]) == part["users"]
        assert 20 <= part["ttft_ms"]["p50"] <= part["ttft_ms"]["p95"]
    # The script answers everybody at once, at no cost: nobody waits for another.
    assert report["tokens_per_s"] > 1.5 * alone["tokens_per_s"]
    # Eight tokens after 20 ms, one each 2 ms: no more than 250 a second.
    assert 10 < alone["tokens_per_s"] < 250


def test_load_of_a_model_that_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["bench", "load", "--seconds", "1", "--model", str(tmp_path / "none")]
    assert main(arguments) == 1
    assert str(tmp_path / "none") in capsys.readouterr().err


def test_load_in_which_somebody_has_no_answer(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = write_scripted_model(tmp_path / "model", {"otherwise": "a", "first_token_ms": 1500})
    arguments = ["bench", "load", "--users", "2", "--seconds", "1", "--model", str(model)]
    assert main([*arguments, "--engine", "scripted"]) == 1
    assert "no answer within 1 s" in capsys.readouterr().err
