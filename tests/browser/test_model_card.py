"""The side panel with a model of the catalogue: its card, and the figures of some minutes."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from jupyter_safecoder.engines.scripted import write_scripted_model
from tests.support.accessibility import THEMES, use_theme
from tests.support.jupyter_site import JupyterSite, jupyter_site
from tests.support.paths import ROOT

_NAME = "qwen2.5-coder-0.5b"
#: Beginnings of cells, and what the model suggests.
_SUGGESTIONS = {
    "import pandas as ": "pd",
    "df = pd.read_csv(": '"rentals.csv", parse_dates=["date"])',
    "monthly = ": 'df.groupby(df["date"].dt.month)["rentals"].sum()',
    "monthly.plot(": 'kind="bar", title="Rentals per month")',
}


@pytest.fixture(scope="module")
def server(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterSite]:
    """Start a JupyterLab whose model has a name of the catalogue, and answers from a script."""
    directory = tmp_path_factory.mktemp("card")
    answers = [{"after": after, "text": text} for after, text in _SUGGESTIONS.items()]
    model = write_scripted_model(
        directory / "cache/models" / _NAME, {"answers": answers, "otherwise": ""}
    )
    description = json.loads((model / "model.json").read_text())
    description |= {"name": _NAME, "family": "qwen2.5-coder"}
    (model / "model.json").write_text(json.dumps(description))
    config = {"engine": "scripted", "model": _NAME, "cache_dir": str(directory / "cache")}
    with jupyter_site(browser, directory, config) as site:
        yield site


def test_the_card_of_a_model_of_the_catalogue(site: JupyterSite) -> None:
    page = site.new_page()
    page.clock.install()
    site.use(page)
    site.expect_state("ready")
    notebook = site.notebook(*[""] * len(_SUGGESTIONS), name="rentals")
    page.evaluate("window.jupyterapp.commands.execute('safecoder:open-panel').then(() => 0)")
    panel = page.get_by_role("region", name="SafeCoder")
    for number, (line, suggestion) in enumerate(_SUGGESTIONS.items()):
        notebook.edit(number)
        notebook.insert(line)
        notebook.expect_ghost(suggestion)
        notebook.press("Escape" if number == 0 else "Tab")
        page.clock.fast_forward(61_000)
    expect(panel.get_by_text("494 million")).to_be_visible()
    expect(panel.get_by_text("instruct model, for small machines")).to_be_visible()
    expect(panel).to_contain_text(f"3 of {len(_SUGGESTIONS)}: whole 3")
    expect(panel).to_contain_text("Kept after 30 s100 %")
    if os.environ.get("SAFECODER_SCREENSHOT") == "1":
        page.locator(".jp-SafeCoder-item").click()
        expect(page.get_by_role("dialog", name="SafeCoder")).to_contain_text("More models")
        for theme, name in zip(THEMES, ("light", "dark"), strict=False):
            use_theme(page, theme)
            page.screenshot(path=ROOT / f"docs/panel-{name}.png")
