"""The notebooks that we ship run from top to bottom, in a real kernel, with short settings."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from tests.support.paths import ROOT

NOTEBOOKS = ROOT / "notebooks"

pytestmark = [
    pytest.mark.timeout(600),
    # the kernel's client, when its loop is closed
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.mark.parametrize(
    "name",
    [
        # It trains the embedded model.
        pytest.param(path.name, marks=[pytest.mark.slow] if "finetune" in path.name else [])
        for path in sorted(NOTEBOOKS.glob("*.ipynb"))
    ],
)
def test_it_runs(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUPYTER_SAFECODER_CACHE", str(tmp_path / "cache"))
    (tmp_path / "short.toml").write_text("steps = 2\neval_samples = 12\n")
    monkeypatch.setenv("SAFECODER_NOTEBOOK_LIMIT", f"--recipe {tmp_path / 'short.toml'}")
    # A kernel's environment is often not activated: nothing of it is on the path.
    monkeypatch.setenv("PATH", os.defpath)
    place = tmp_path / "notebooks"
    shutil.copytree(NOTEBOOKS, place)
    notebook = nbformat.read(place / name, as_version=4)
    NotebookClient(
        notebook, timeout=500, kernel_name="python3", resources={"metadata": {"path": str(place)}}
    ).execute()
    text = "\n".join(
        output.get("text", "") + output.get("data", {}).get("text/plain", "")
        for cell in notebook.cells
        if cell.cell_type == "code"
        for output in cell.outputs
    )
    if name.startswith("02"):
        assert "Taken: 31" in text
        assert "held-out notebooks" in text
        assert "Completions come from gridkit, now." in text
        assert "Completions come from the base model, now." in text
    if name.startswith("03"):
        assert "gpt_bigcode" in text
        assert '"layout": "spm"' in text
        assert "freed_mb" in text
