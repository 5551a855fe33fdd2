"""Training in JupyterLab: the panel of a job shows its progress, stops it and resumes it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from jupyter_safecoder.finetune.jobs.job import LocalJob
from jupyter_safecoder.models import EMBEDDED, resolve_model
from tests.support.jupyter_site import JupyterSite, jupyter_site
from tests.support.team_notebooks import write_team

pytestmark = pytest.mark.timeout(300)

#: So many that the job runs until it is stopped.
_STEPS = 100_000
_SHAPE = {
    "model_type": "llama",
    "num_hidden_layers": 2,
    "hidden_size": 32,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "intermediate_size": 64,
    "max_position_embeddings": 2048,
    "vocab_size": 49152,
}


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[Path]:
    cache = tmp_path / "cache"
    yield cache
    # The job would outlive the kernel and the server.
    if (job := LocalJob(cache, "ours")).is_running:
        job.stop()
        job.wait()


def test_the_panel_of_a_job(browser: Browser, tmp_path: Path, cache: Path) -> None:
    # Imported here because it imports torch, which most browser tests do not need.
    from jupyter_safecoder.models.random_weights import write_random_checkpoint

    tiny = write_random_checkpoint(tmp_path / "tiny", _SHAPE, resolve_model(EMBEDDED).tokenizer)
    team = write_team(tmp_path / "team")
    config = {"model": str(tiny), "engine": "transformers", "cache_dir": str(cache)}
    with jupyter_site(browser, tmp_path / "site", config) as site:
        _stop_and_resume(site, team)


def _stop_and_resume(site: JupyterSite, team: Path) -> None:
    notebook = site.notebook(
        f"%load_ext jupyter_safecoder\n%safecoder corpus {team}",
        f"%safecoder finetune {team} --name ours --steps {_STEPS}",
        kernel=True,
    )
    notebook.edit(0)
    notebook.press("Shift+Enter")
    corpus = notebook.cell(0).locator(".jp-OutputArea-output")
    expect(corpus.get_by_role("heading", name="Taken: 6")).to_be_visible(timeout=60_000)
    expect(corpus.get_by_role("cell", name=str(team / "rain.ipynb"))).to_be_visible()

    notebook.edit(1)
    notebook.press("Shift+Enter")
    panel = notebook.cell(1).locator(".jp-OutputArea")
    stop, resume = (panel.get_by_role("button", name=name) for name in ("Stop", "Resume"))
    training = re.compile(rf"ours: running, Training, step \d+ of {_STEPS}.*tokens/s.*left")
    expect(panel).to_contain_text(training, timeout=90_000)
    expect(panel.locator(".progress-bar")).to_be_visible()
    expect(panel.locator("img")).to_be_visible()
    expect(resume).to_be_disabled()

    stop.click()
    expect(panel).to_contain_text("ours: stopped", timeout=30_000)
    expect(panel).to_contain_text("Stopped at step")
    expect(stop).to_be_disabled()

    resume.click()
    expect(panel).to_contain_text(training, timeout=90_000)
    expect(resume).to_be_disabled()
    stop.click()
    expect(panel).to_contain_text("ours: stopped", timeout=30_000)
