"""``python -m benchmarks capacity``: the number of users that the service sustains."""

from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_safecoder.engines.scripted import write_scripted_model
from tests.support.benchmarks import report_of


def test_how_many_a_model_carries(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = write_scripted_model(tmp_path / "model", {"otherwise": "pass", "first_token_ms": 20})
    arguments = ("capacity", "--model", model, "--engine", "scripted", "--users", 3, "--seconds", 2)
    carried = report_of(capsys, *arguments)["carried"]
    assert carried["safecoder"] == 2
    assert [step["users"] for step in carried["steps"]] == [1, 2]
    assert all(20 < step["ttft_ms"]["p50"] < 500 for step in carried["steps"])
    assert carried["llama.cpp"] is None
    assert "GGUF" in carried["error"]
