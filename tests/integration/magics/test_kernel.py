"""``%safecoder`` in a kernel that a Jupyter server started, and in a plain IPython."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from jupyter_safecoder.finetune.jobs.job import LocalJob
from jupyter_safecoder.models import EMBEDDED, resolve_model
from jupyter_safecoder.models.random_weights import write_random_checkpoint
from tests.support.jupyter_server import JupyterServer
from tests.support.kernel import WIDGET, Kernel, served_kernel
from tests.support.processes import RuntimeProcess, children_that_run, until
from tests.support.team_notebooks import write_team

pytestmark = [
    pytest.mark.timeout(300),
    # the kernel's client, when its loop is closed
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

_TINY = {
    "model_type": "gpt_bigcode",
    "n_layer": 2,
    "n_embd": 32,
    "n_head": 4,
    "n_inner": 64,
    "n_positions": 2048,
    "vocab_size": 49152,
    "initializer_range": 0.2,
}


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[JupyterServer, Kernel]]:
    model = write_random_checkpoint(tmp_path / "tiny", _TINY, resolve_model(EMBEDDED).tokenizer)
    config = {
        "model": str(model),
        "engine": "transformers",
        "cache_dir": str(tmp_path / "cache"),
    }
    (tmp_path / "site").mkdir()
    with served_kernel(tmp_path / "site", config) as (server, kernel):
        yield server, kernel


@pytest.mark.slow
def test_a_team_lead_in_a_notebook(
    served: tuple[JupyterServer, Kernel],
    start_runtime: Callable[..., RuntimeProcess],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _, kernel = served
    # A newer runtime of the same user, not that of the server that started the kernel.
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "site" / "runtime"))
    start_runtime({"answers": [], "otherwise": "wrong"})
    team = write_team(tmp_path / "team")
    recipe = tmp_path / "quick.toml"
    recipe.write_text("tokens_per_step = 200\neval_samples = 12\n")
    job = LocalJob(tmp_path / "cache", "ours")

    assert kernel.text("%load_ext jupyter_safecoder") == ""
    state = kernel.text("%safecoder")
    assert "ready: tiny is ready." in state
    assert "scripted" not in state

    # A cell is completed as it is written; so does the command.
    kernel.run("%%safecoder\nfor name in ")
    cell = kernel.next_input
    assert cell.startswith("for name in ")
    assert len(cell) > len("for name in ")
    assert cell in kernel.text("%safecoder complete 'for name in '")

    # Errors are a sentence, help is argparse's, tab knows commands, options and names.
    assert kernel.text("%safecoder use nothing").splitlines() == [
        "UsageError: There is no adapter 'nothing'. There are: none."
    ]
    assert "--recipe FILE.toml" in kernel.text("%safecoder finetune --help")
    assert kernel.tab("%safecoder co") == ["complete", "corpus"]
    assert "--name" in kernel.tab("%safecoder finetune team --n")

    # The corpus before training: a table, and the same as text.
    [table] = kernel.run(f"%safecoder corpus {team}")
    assert "<table>" in table["text/html"]
    assert "Taken: 6" in table["text/plain"]

    # In the background: widgets that follow, stop and resume it; text where there are none.
    finetune = f"%safecoder finetune {team} --name ours --steps 20 --recipe {recipe}"
    [plan, panel] = kernel.run(finetune)
    assert "Training tiny on 6 notebooks" in plan["text/plain"]
    assert "ours: " in panel["text/plain"]
    assert WIDGET in panel
    kernel.click("Stop")
    until(lambda: job.status().state == "stopped", 60)
    until(lambda: not kernel.widget(description="Resume")[1]["disabled"], 20)
    assert kernel.widget(description="Stop")[1]["disabled"]
    kernel.click("Resume")
    until(lambda: job.status().state == "running", 60)
    assert "ours  running" in kernel.text("%safecoder jobs")
    assert kernel.text("%safecoder stop ours").startswith("Stopped at step ")
    [panel] = kernel.run("%safecoder resume ours")
    assert WIDGET in panel
    until(lambda: job.status().over, 120)
    assert job.status().state == "done", job.status().reason

    # The widget has followed it: bar, numbers, chart, scores with examples side by side.
    def seen() -> bool:
        return bool(kernel.widget(_model_name="FloatProgressModel")[1]["value"] == 1.0)

    until(seen, 20)
    lines = [
        one["value"] for one in kernel.widgets.values() if one.get("_model_name") == "HTMLModel"
    ]
    assert any("step 20 of 20" in line and "tokens/s" in line for line in lines)
    assert any("held-out notebooks" in line and "expected" in line for line in lines)
    assert kernel.widget(_model_name="ImageModel")[1]["layout"] is not None

    # Did it help? Switch over, and back.
    report = kernel.run("%safecoder report ours")
    assert "image/png" in report[-1]
    assert "secrets leaked" in report[0]["text/plain"]
    # IPython itself adds Python's words to an empty one.
    assert {"--previous", "--base", "ours"} <= set(kernel.tab("%safecoder use "))
    assert "Completions come from ours, now." in kernel.text("%safecoder use ours")
    assert "tiny+ours" in kernel.text("%safecoder")
    assert "As it is served now" in kernel.text(f"%safecoder evaluate {team / 'rain.ipynb'}")
    assert "the base model, now." in kernel.text("%safecoder use --previous")
    assert "Completions come from ours, now." in kernel.text("%safecoder use --previous")
    assert "the base model, now." in kernel.text("%safecoder use --base")
    assert "ours" in kernel.text("%safecoder adapters")
    [runs_already] = kernel.text("%safecoder resume ours").splitlines()
    assert runs_already.startswith("UsageError: The job ours is done.")


def test_a_plain_ipython_starts_a_runtime(tmp_path: Path) -> None:
    code = "get_ipython().run_line_magic('load_ext', 'jupyter_safecoder')\n"
    code += "get_ipython().run_line_magic('safecoder', 'complete \"import numpy as \"')\n"
    done = subprocess.run(
        [sys.executable, "-m", "IPython", "--no-banner", "--colors=NoColor", "-c", code],
        capture_output=True,
        text=True,
        timeout=90,
        check=True,
    )
    assert "No runtime runs here: one is started for this session." in done.stdout
    assert "import numpy as np" in done.stdout
    assert children_that_run("jupyter_safecoder.runtime") == []
