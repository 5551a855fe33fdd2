"""When suggestions come: the lists of the status item's popup, and the pause."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.support.jupyter_site import JupyterSite
from tests.support.notebook_page import NotebookPage

ANSWERS = [{"after": "answer = ", "text": "6 * 7"}]
_SETTINGS = "config/lab/user-settings"


@pytest.fixture
def page(site: JupyterSite) -> Iterator[Page]:
    """Return the page; choices are undone after the test."""
    yield site.page
    site.page.evaluate(
        """async () => {
            const { commands } = window.jupyterapp;
            if (document.querySelector('.jp-SafeCoder-item').textContent.startsWith('paused')) {
                await commands.execute('safecoder:snooze');
            }
        }"""
    )
    for scope in ("document", "language"):
        _choose(site.page, scope, "")
    _choose(site.page, "everything", "automatic")
    expect(_item(site.page)).to_have_text("ready")


def test_on_request_for_everything(site: JupyterSite, page: Page) -> None:
    notebook = site.notebook("", "")
    _choose(page, "everything", "manual")
    expect(_item(page)).to_have_text("on request")
    notebook.edit(0)
    notebook.type("answer = ", 30)
    page.wait_for_timeout(500)
    notebook.expect_no_ghost()
    assert notebook.requests == []
    notebook.press("Alt+Backslash")
    notebook.expect_ghost("6 * 7")
    _choose(page, "everything", "automatic")
    expect(_item(page)).to_have_text("ready")
    _expect_suggestion(notebook, 1)
    saved = site.directory / _SETTINGS / "@jupyterlab/completer-extension"
    [text] = [path.read_text() for path in saved.glob("inline-completer*")]
    assert '"suggestions": "server"' in text


def test_off_for_everything(site: JupyterSite, page: Page) -> None:
    notebook = site.notebook("")
    _choose(page, "everything", "off")
    expect(_item(page)).to_have_text("off")
    _expect_nothing(notebook, 0)
    # The narrower lists would have no effect.
    _item(page).click()
    expect(_list(page, "document")).to_be_disabled()
    page.keyboard.press("Escape")


def test_off_for_one_notebook(site: JupyterSite, page: Page) -> None:
    quiet = site.notebook("", name="quiet")
    _choose(page, "document", "off")
    expect(_item(page)).to_have_text("off here")
    _expect_nothing(quiet, 0)
    quiet.press("Alt+Backslash")
    _item(page).click()
    expect(_popup(page)).to_contain_text("completions are off in this document")
    page.keyboard.press("Escape")
    quiet.save()
    text = (site.directory / "notebooks/quiet.ipynb").read_text()
    assert "safecoder" not in text.lower()
    other = site.notebook("", name="other")
    expect(_item(page)).to_have_text("ready")
    _expect_suggestion(other, 0)
    other.save()
    other.close()
    quiet.close()

    page.reload()
    quiet = site.attach("other.ipynb", 1)
    expect(_item(page)).to_have_text("ready")
    quiet.close()
    page.evaluate(
        "window.jupyterapp.commands.execute('docmanager:open', { path: 'quiet.ipynb' })"
        ".then(() => 0)"
    )
    quiet = site.attach("quiet.ipynb", 1)
    expect(_item(page)).to_have_text("off here")
    quiet.edit(0)
    quiet.type("\nanswer = ", 30)
    page.wait_for_timeout(500)
    assert quiet.requests == []
    quiet.save()


def test_on_request_for_a_language_but_not_for_one_notebook(site: JupyterSite, page: Page) -> None:
    notebook = site.notebook("", "")
    _choose(page, "language", "manual")
    expect(_item(page)).to_have_text("on request")
    _expect_nothing(notebook, 0)
    settings = site.directory / _SETTINGS / "jupyter-safecoder"
    [text] = [path.read_text() for path in settings.glob("status*")]
    assert re.search(r'"languages": \{\s*"python": "manual"\s*\}', text)
    _choose(page, "document", "automatic")
    expect(_item(page)).to_have_text("ready")
    _expect_suggestion(notebook, 1)


def test_a_choice_removes_what_is_shown(site: JupyterSite, page: Page) -> None:
    notebook = site.notebook("")
    _expect_suggestion(notebook, 0)
    _choose(page, "document", "manual")
    notebook.expect_no_ghost()


def test_a_pause_counts_down_and_can_be_ended(site: JupyterSite, page: Page) -> None:
    notebook = site.notebook("", "")
    _item(page).click()
    _popup(page).get_by_role("button", name="Pause for 10 minutes").click()
    expect(_item(page)).to_have_text(re.compile("paused (9:5|10:00)"))
    resume = _popup(page).get_by_role("button", name="Resume")
    before = resume.inner_text()
    expect(resume).not_to_have_text(before)
    page.keyboard.press("Escape")
    _expect_nothing(notebook, 0)
    _item(page).click()
    resume.click()
    page.keyboard.press("Escape")
    expect(_item(page)).to_have_text("ready")
    _expect_suggestion(notebook, 1)


def test_a_pause_ends_by_itself(site: JupyterSite) -> None:
    site.close_page()
    try:
        page = site.new_page()
        page.clock.install()
        site.use(page)
        page.evaluate("window.jupyterapp.commands.execute('safecoder:snooze').then(() => 0)")
        expect(_item(page)).to_have_text(re.compile("^paused"))
        page.clock.fast_forward("09:00")
        expect(_item(page)).to_have_text(re.compile("paused (1:00|0:5)"))
        page.clock.fast_forward("01:01")
        expect(_item(page)).to_have_text("ready")
        _expect_suggestion(site.notebook(""), 0)
    finally:
        site.close_page()


def test_the_lists_by_keyboard_alone(site: JupyterSite, page: Page) -> None:
    site.notebook("")
    page.evaluate("window.jupyterapp.commands.execute('safecoder:show-status').then(() => 0)")
    everywhere = _list(page, "everything")
    for _ in range(12):
        if everywhere.evaluate("element => element === document.activeElement"):
            break
        page.keyboard.press("Shift+Tab")
    expect(everywhere).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(_item(page)).to_have_text("on request")
    page.keyboard.press("Escape")
    expect(_popup(page)).to_have_count(0)
    expect(_item(page)).to_be_focused()
    page.keyboard.press("Enter")
    expect(_popup(page)).to_be_visible()
    page.keyboard.press("Escape")


def _item(page: Page) -> Locator:
    return page.locator(".jp-SafeCoder-item")


def _popup(page: Page) -> Locator:
    return page.get_by_role("dialog", name="SafeCoder")


def _list(page: Page, scope: str) -> Locator:
    return _popup(page).locator(f'select[data-scope="{scope}"]')


def _choose(page: Page, scope: str, mode: str) -> None:
    """Choose in the popup, where the list is shown."""
    _item(page).click()
    found = _list(page, scope)
    if found.is_visible() and found.is_enabled():
        found.select_option(mode)
    page.keyboard.press("Escape")
    expect(_popup(page)).to_have_count(0)


def _expect_suggestion(notebook: NotebookPage, cell: int) -> None:
    notebook.edit(cell)
    notebook.insert("answer = ")
    notebook.expect_ghost("6 * 7")


def _expect_nothing(notebook: NotebookPage, cell: int) -> None:
    before = len(notebook.requests)
    notebook.edit(cell)
    notebook.type("answer = ", 30)
    notebook.page.wait_for_timeout(500)
    notebook.expect_no_ghost()
    assert len(notebook.requests) == before
