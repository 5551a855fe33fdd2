"""``python -m benchmarks lookup``."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.benchmarks import report_of
from tests.support.notebook_files import write_notebook
from tests.support.tiny_gguf import write_tiny_gguf


def test_lookup_changes_no_token(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = [f"column_{letter}" for letter in "abcd"]
    line = "\n".join(f"frame['{name}'] = frame['{name}'].fillna(0)" for name in names)
    cells = [("code", f"import pandas as pd\n{line}"), ("code", f"{line}\nprint(frame.head(10))")]
    notebook = write_notebook(tmp_path / "n.ipynb", *cells)
    model = write_tiny_gguf(tmp_path).weights.parent
    report = report_of(capsys, "lookup", notebook, "--model", model)
    assert set(report) == {"tokens_per_s", "ratio", "identical", "tasks"}
    assert report["identical"] is True
    assert report["tasks"] == 2
    speed = report["tokens_per_s"]
    assert report["ratio"] == pytest.approx(speed["on"] / speed["off"], rel=0.01)
