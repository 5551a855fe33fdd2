"""The side panel with the embedded model: its card, and the figures of some minutes."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.support.accessibility import THEMES, use_theme
from tests.support.jupyter_site import JupyterSite, jupyter_site
from tests.support.paths import ROOT

#: Beginnings of lines that the model completes.
_LINES = (
    "import numpy as ",
    "import pandas as ",
    "import matplotlib.pyplot as ",
    "for i in range(",
)


@pytest.fixture(scope="module")
def server(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterSite]:
    """Start a JupyterLab with the embedded model, instead of the one that other modules share."""
    directory = tmp_path_factory.mktemp("card")
    config = {"cache_dir": str(directory / "cache"), "suggestions": "many"}
    with jupyter_site(browser, directory, config) as site:
        yield site


def test_the_card_of_the_embedded_model(site: JupyterSite) -> None:
    page = site.new_page()
    page.clock.install()
    site.use(page)
    site.expect_state("ready")
    notebook = site.notebook(*[""] * len(_LINES), name="rentals")
    page.evaluate("window.jupyterapp.commands.execute('safecoder:open-panel').then(() => 0)")
    panel = page.get_by_role("region", name="SafeCoder")
    for number, line in enumerate(_LINES):
        notebook.edit(number)
        notebook.insert(line)
        notebook.ghost.wait_for()
        notebook.expect_no_spinner()
        notebook.press("Escape" if number == 2 else "Tab")
        page.clock.fast_forward(61_000)
    expect(panel.get_by_text("135 million")).to_be_visible()
    expect(panel.get_by_text("safecoder-smol-135m", exact=True).first).to_be_visible()
    expect(panel).to_contain_text("of hidden line ends in notebooks filled in exactly")
    expect(panel).to_contain_text(f"3 of {len(_LINES)}: whole 3")
    expect(panel).to_contain_text("Kept after 30 s100 %")
    notebook.save()
    if os.environ.get("SAFECODER_SCREENSHOT") == "1":
        page.locator(".jp-SafeCoder-item").click()
        expect(page.get_by_role("dialog", name="SafeCoder")).to_contain_text("More models")
        for theme, name in zip(THEMES, ("light", "dark"), strict=False):
            use_theme(page, theme)
            page.screenshot(path=ROOT / f"docs/panel-{name}.png")
