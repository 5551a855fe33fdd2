"""Completions and status in Jupyter Notebook 7, which has no status bar."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.support.jupyter_site import JupyterSite, jupyter_site, scripted

_ANSWERS: list[dict[str, Any]] = [
    {"after": "total = su", "text": "m(values)"},
    {"after": "stalled = ", "text": "never", "stall": True},
]


@pytest.fixture(scope="module")
def server(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterSite]:
    """Start a Notebook 7, instead of the JupyterLab that other modules share."""
    directory = tmp_path_factory.mktemp("notebook7")
    config = scripted(directory, _ANSWERS)
    with jupyter_site(browser, directory, config, app="notebook") as site:
        yield site


@pytest.fixture
def ready(site: JupyterSite) -> JupyterSite:
    """Open a notebook and wait until the runtime is ready."""
    site.notebook("", "")
    site.expect_state("ready")
    return site


def test_show_type_and_accept(ready: JupyterSite) -> None:
    notebook = ready.opened[-1]
    notebook.edit(0)
    notebook.insert("total = su")
    notebook.expect_ghost("m(values)")
    notebook.type("m(")
    notebook.expect_ghost("values)")
    notebook.press("Tab")
    notebook.expect_source(0, "total = sum(values)")
    assert notebook.requests[0]["prefix"] == "total = su"
    notebook.save()


def test_escape_dismisses_and_cancels(ready: JupyterSite) -> None:
    notebook = ready.opened[-1]
    notebook.edit(0)
    notebook.insert("total = su")
    notebook.expect_ghost("m(values)")
    notebook.press("Escape")
    notebook.expect_no_ghost()
    assert notebook.source(0) == "total = su"

    requests, cancelled = ready.counter("requests"), ready.counter("cancelled")
    notebook.edit(1)
    notebook.insert("stalled = ")
    ready.expect_counter("requests", requests + 1)
    notebook.press("Escape")
    ready.expect_counter("cancelled", cancelled + 1)
    notebook.save()


def test_the_status_item_is_in_the_menu_bar(ready: JupyterSite) -> None:
    item = ready.page.locator(".jp-SafeCoder-item")
    expect(item).to_have_count(1)
    expect(ready.page.locator("#menu-panel").locator(item)).to_have_text("ready")
    expect(ready.page.locator("#jp-main-statusbar")).to_have_count(0)
    item.click()
    popup = ready.page.get_by_role("dialog", name="SafeCoder")
    expect(popup).to_contain_text("SafeCoder: ready")
    expect(popup).to_be_in_viewport(ratio=1)
    popup.get_by_role("button", name="Turn completions off").click()
    expect(item).to_have_text("off")
    popup.get_by_role("button", name="Turn completions on").click()
    expect(item).to_have_text("ready")


def test_the_menu_opens_the_side_panel(ready: JupyterSite) -> None:
    page = ready.page
    notebook = ready.opened[-1]
    panel = page.get_by_role("region", name="SafeCoder")
    expect(panel).to_have_count(0)
    page.get_by_role("menuitem", name="View", exact=True).click()
    page.get_by_role("menuitem", name="SafeCoder: Open the Side Panel").click()
    expect(panel).to_be_visible()
    expect(panel).to_contain_text("No suggestion was shown yet.")
    notebook.edit(0)
    notebook.insert("total = su")
    notebook.expect_ghost("m(values)")
    notebook.press("Tab")
    expect(panel).to_contain_text("1 of 1: whole 1")
    # The popup opens it too.
    page.locator(".jp-SafeCoder-item").click()
    page.get_by_role("button", name="Open the Side Panel").click()
    expect(panel).to_be_visible()
    notebook.save()


def test_off_for_one_notebook(ready: JupyterSite) -> None:
    page = ready.page
    item = page.locator(".jp-SafeCoder-item")
    item.click()
    choice = page.get_by_role("combobox", name="In this notebook")
    choice.select_option("off")
    expect(item).to_have_text("off here")
    page.reload()
    ready.attach(ready.opened[-1].path, 2)
    expect(item).to_have_text("off here")
    item.click()
    choice.select_option("")
    expect(item).to_have_text("ready")


def test_no_status_item_on_a_page_without_an_editor(ready: JupyterSite) -> None:
    page = ready.page
    page.goto(f"{ready.server.url}/tree?token={ready.server.token}")
    page.locator(".jp-DirListing-item").first.wait_for()
    expect(page.locator(".jp-SafeCoder-item")).to_have_count(0)
