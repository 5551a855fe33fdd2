"""The side panel: figures after a suggestion, the model, privacy; and accessibility."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.support.accessibility import THEMES, use_theme, violations
from tests.support.jupyter_site import JupyterSite

ANSWERS = [{"after": "answer = ", "text": "6 * 7"}]


@pytest.fixture
def page(site: JupyterSite) -> Iterator[Page]:
    """Return a page of its own with a clock that can be forwarded, and the panel open."""
    site.close_page()
    page = site.new_page()
    page.clock.install()
    site.use(page)
    open_panel(page)
    yield page
    site.close_page()


def open_panel(page: Page) -> Locator:
    """Open the panel, and return it."""
    page.evaluate("window.jupyterapp.commands.execute('safecoder:open-panel').then(() => 0)")
    panel = page.get_by_role("region", name="SafeCoder")
    expect(panel).to_be_visible()
    return panel


def test_figures_after_a_suggestion_is_taken(site: JupyterSite, page: Page) -> None:
    panel = page.get_by_role("region", name="SafeCoder")
    expect(panel).to_contain_text("No suggestion was shown yet.")
    notebook = site.notebook("", "", "")
    notebook.edit(0)
    notebook.insert("answer = ")
    notebook.expect_ghost("6 * 7")
    expect(fact(panel, "Shown")).to_have_text("1")
    # Typing what is suggested is no other suggestion.
    notebook.type("6 ")
    notebook.expect_ghost("* 7")
    notebook.press("Tab")
    expect(fact(panel, "Taken")).to_have_text("1 of 1: whole 1, lines 0, words 0")
    expect(fact(panel, "Characters saved")).to_have_text("3")
    expect(fact(panel, "Kept after 30 s")).to_have_text("not known yet")

    notebook.edit(1)
    notebook.insert("answer = ")
    notebook.expect_ghost("6 * 7")
    notebook.press("Alt+.")
    notebook.expect_ghost(" * 7")
    notebook.press("Escape")
    expect(fact(panel, "Taken")).to_have_text("2 of 2: whole 1, lines 0, words 1")
    expect(fact(panel, "Dismissed")).to_have_text("1")
    # Of the four characters that were taken, the last one does not stay.
    notebook.press("Backspace")
    page.clock.fast_forward(31_000)
    expect(fact(panel, "Kept after 30 s")).to_have_text("75 %")
    plots = panel.get_by_role("img")
    expect(plots).to_have_count(3)
    for plot in plots.all():
        assert re.search(r"\d", plot.locator("path").first.get_attribute("d") or "")
    assert "6 * 7" not in panel.inner_text()


def test_the_model_and_where_text_goes(site: JupyterSite, page: Page) -> None:
    panel = page.get_by_role("region", name="SafeCoder")
    expect(fact(panel, "Name")).to_have_text("scripted")
    expect(fact(panel, "Context window")).to_contain_text("tokens")
    expect(panel).to_contain_text("to a process of it, to no other machine")
    expect(panel).to_contain_text("There are none.")
    places = panel.locator("details", has_text="Places that data could go to")
    expect(places).to_contain_text("other machines: 0")
    places.locator("summary").click()
    expect(places).to_contain_text("No completion server is set.")
    # The list of models is that of the popup.
    expect(panel.get_by_role("combobox", name="Model")).to_be_enabled()


def test_texts_are_dropped_when_a_document_is_closed(site: JupyterSite, page: Page) -> None:
    site.notebook("x = 1")
    close = """() => [...window.jupyterapp.shell.widgets('main')].forEach(
        widget => widget.context?.path.endsWith('.ipynb') && widget.dispose()
    )"""
    with page.expect_response(re.compile("jupyter-safecoder/forget")) as response:
        page.evaluate(close)
    assert response.value.json()["state"] == "ready"


def test_nothing_is_requested_while_the_panel_is_hidden(site: JupyterSite, page: Page) -> None:
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.evaluate("window.jupyterapp.shell.collapseRight()")
    expect(page.get_by_role("region", name="SafeCoder")).to_have_count(0)
    page.clock.fast_forward(60_000)
    page.wait_for_timeout(200)
    assert not [
        url for url in requests if re.search("safecoder/(about|jobs|adapters|privacy)", url)
    ]


def test_the_popup_opens_the_panel_and_the_settings(site: JupyterSite, page: Page) -> None:
    page.evaluate("window.jupyterapp.shell.collapseRight()")
    page.locator(".jp-SafeCoder-item").click()
    page.get_by_role("button", name="Open the Side Panel").click()
    expect(page.get_by_role("region", name="SafeCoder")).to_be_visible()
    expect(page.get_by_role("dialog", name="SafeCoder")).to_have_count(0)
    page.locator(".jp-SafeCoder-item").click()
    page.get_by_role("button", name="Settings", exact=True).click()
    expect(page.locator(".jp-PluginList-entry-label", has_text="SafeCoder").first).to_be_visible()


def test_axe_finds_nothing_in_any_theme(site: JupyterSite, page: Page) -> None:
    notebook = site.notebook("")
    notebook.edit(0)
    notebook.insert("answer = ")
    notebook.expect_ghost("6 * 7")
    notebook.press("Tab")
    open_panel(page)
    page.locator(".jp-SafeCoder-item").click()
    expect(page.get_by_role("dialog", name="SafeCoder")).to_be_visible()
    page.get_by_role("dialog", name="SafeCoder").get_by_text("More models").click()
    found = {}
    for theme in THEMES:
        use_theme(page, theme)
        for part in (".jp-SafeCoder-panel", ".jp-SafeCoder-popup", ".jp-SafeCoder-item"):
            if wrong := violations(page, part):
                found[theme, part] = wrong
    use_theme(page, THEMES[0])
    assert found == {}
    # The check finds what is wrong.
    page.locator(".jp-SafeCoder-popup").evaluate(
        "popup => popup.append(document.createElement('button'))"
    )
    assert "button-name" in violations(page, ".jp-SafeCoder-popup")[0]


def fact(panel: Locator, name: str) -> Locator:
    """Return the value of a name in the panel."""
    return panel.locator(f'xpath=.//dt[.="{name}"]/following-sibling::dd[1]')
