"""``jupyter safecoder bench``."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.cli import run_json, scripted_model
from tests.support.notebook_files import write_notebook

PERCENTILES = {"p50", "p95"}


@pytest.fixture
def model(tmp_path: Path) -> list[str]:
    return scripted_model(tmp_path)


@pytest.mark.parametrize("own", [False, True])
def test_typing(tmp_path: Path, model: list[str], own: bool) -> None:
    arguments: list[object] = ["bench", "typing", "--notebooks", 1, *model]
    if own:
        arguments.append(
            write_notebook(tmp_path / "n.ipynb", ("code", "a = 1"), ("code", "frame = read(a)"))
        )
    report = run_json(*arguments)
    assert report["context_tokens"] > 0
    assert set(report["layouts"]) == {"spm", "psm"}
    for times in report["layouts"].values():
        assert set(times) == {"cold_ttft_ms", "keystroke_ttft_ms", "tpot_ms"}
        assert all(set(values) == PERCENTILES for values in times.values())
        assert times["keystroke_ttft_ms"]["p50"] > 0
