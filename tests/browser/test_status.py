"""The status item, its popup, the switch, and a runtime that fails."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from jupyter_safecoder.engines.scripted import write_scripted_model
from tests.support.jupyter_site import JupyterSite, jupyter_site, scripted

#: A model of the catalogue.
OTHER = "qwen2.5-coder-0.5b"
ANSWERS = [{"after": "answer = ", "text": "6 * 7"}]


@pytest.fixture(scope="module")
def broken(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterSite]:
    """Start a JupyterLab whose model has no weights."""
    directory = tmp_path_factory.mktemp("broken")
    config = scripted(directory, ANSWERS)
    weights = directory / "model/script.json"
    weights.rename(directory / "script.json")
    with jupyter_site(browser, directory, config) as site:
        yield site


def test_the_status_item(site: JupyterSite) -> None:
    item = _item(site.page)
    expect(item).to_have_count(1)
    expect(site.page.locator("#jp-main-statusbar").locator(item)).to_be_visible()
    expect(item).to_have_text("ready")
    item.click()
    popup = _popup(site.page)
    expect(popup).to_contain_text("SafeCoder: ready")
    expect(popup).to_contain_text("scripted is ready.")
    expect(popup).to_contain_text("Model: scripted")
    site.page.keyboard.press("Escape")
    expect(popup).to_have_count(0)
    expect(item).to_be_focused()


def test_the_switch(site: JupyterSite) -> None:
    notebook = site.notebook("", "", name="switch")
    notebook.edit(0)
    notebook.insert("answer = ")
    notebook.expect_ghost("6 * 7")
    _click(site.page, "Turn completions off")
    expect(_item(site.page)).to_have_text("off")
    notebook.expect_no_ghost()
    notebook.edit(1)
    notebook.type("answer = ", 110)
    notebook.press("Alt+Backslash")
    notebook.save()
    notebook.expect_requests(1)
    notebook.close()

    site.page.reload()
    reloaded = site.attach("switch.ipynb", 2)
    expect(_item(site.page)).to_have_text("off")
    reloaded.edit(1)
    reloaded.type("1\nanswer = ", 110)
    _click(site.page, "Turn completions on")
    site.expect_state("ready")
    # The next request is the first one since completions were turned off.
    reloaded.edit(1)
    reloaded.insert("1\nanswer = ")
    reloaded.expect_ghost("6 * 7")
    reloaded.expect_requests(1)
    reloaded.save()


def test_another_model_and_back(browser: Browser, tmp_path: Path) -> None:
    config = {**scripted(tmp_path, ANSWERS), "cache_dir": str(tmp_path / "cache")}
    first = str(config["model"])
    other = [{"after": "answer = ", "text": "40 + 2"}]
    write_scripted_model(tmp_path / "cache/models" / OTHER, {"answers": other})
    with jupyter_site(browser, tmp_path, config) as site:
        site.expect_state("ready")
        page = site.page
        notebook = site.notebook("", "", name="models")
        _item(page).click()
        models = _popup(page).get_by_role("combobox", name="Model")
        expect(models.locator("option")).to_contain_text(["Automatic", first])
        expect(models).to_have_value(first)
        _popup(page).get_by_text("More models").click()
        row = _popup(page).get_by_role("listitem").filter(has_text="starcoder2-3b")
        expect(row).to_contain_text("jupyter safecoder model get starcoder2-3b")
        models.select_option(OTHER)
        expect(models).to_be_enabled()
        expect(models).to_have_value(OTHER)
        page.keyboard.press("Escape")
        notebook.edit(0)
        notebook.insert("answer = ")
        notebook.expect_ghost("40 + 2")
        _item(page).click()
        models.select_option(first)
        expect(models).to_be_enabled()
        page.keyboard.press("Escape")
        notebook.edit(1)
        notebook.insert("answer = ")
        notebook.expect_ghost("6 * 7")


def test_a_runtime_that_is_ready_is_restarted(site: JupyterSite) -> None:
    page = site.page
    notebook = site.notebook("", name="restart")
    notebook.edit(0)
    notebook.insert("answer = ")
    notebook.expect_ghost("6 * 7")
    notebook.save()
    assert site.counter("requests") > 0
    with page.expect_response(lambda answer: "/jupyter-safecoder/restart" in answer.url):
        _click(page, "Restart")
    site.expect_state("ready")
    assert site.counter("requests") == 0


def test_weights_that_are_missing_then_altered_then_complete(broken: JupyterSite) -> None:
    page = broken.page
    _expect_failure(page, "script.json is missing")
    notice = page.locator(".Toastify__toast", has_text="SafeCoder failed.")
    expect(notice).to_contain_text("Copy or download the model again")

    complete = (broken.directory / "script.json").read_bytes()
    weights = broken.directory / "model/script.json"
    weights.write_bytes(complete[:-1])
    _click(page, "Restart")
    _expect_failure(page, "it is truncated or another file")

    weights.write_bytes(complete.replace(b"6 * 7", b"6 * 8"))
    _item(page).click()
    _popup(page).get_by_role("button", name="Restart").click()
    # The focused button disappears; Escape still closes the popup.
    expect(_popup(page)).to_contain_text("its SHA-256 differs")
    page.keyboard.press("Escape")
    expect(_popup(page)).to_have_count(0)
    _expect_failure(page, "its SHA-256 differs")

    notebook = broken.notebook("1 + 2", "", kernel=True)
    notebook.edit(0)
    notebook.press("Shift+Enter")
    expect(notebook.cell(0).locator(".jp-OutputArea-output")).to_have_text(re.compile("^3"))
    notebook.edit(1)
    notebook.type("answer = 5")
    notebook.expect_source(1, "answer = 5")
    notebook.expect_no_ghost()

    weights.write_bytes(complete)
    _click(page, "Restart")
    broken.expect_state("ready")
    notebook.edit(1)
    notebook.insert("\nanswer = ")
    notebook.expect_ghost("6 * 7")


def _item(page: Page) -> Locator:
    return page.locator(".jp-SafeCoder-item")


def _popup(page: Page) -> Locator:
    return page.get_by_role("dialog", name="SafeCoder")


def _click(page: Page, button: str) -> None:
    _item(page).click()
    _popup(page).get_by_role("button", name=button).click()
    page.keyboard.press("Escape")
    expect(_popup(page)).to_have_count(0)


def _expect_failure(page: Page, reason: str) -> None:
    expect(_item(page)).to_have_attribute("data-state", "failed")
    expect(_item(page)).to_have_attribute("title", re.compile(re.escape(reason)))
    _item(page).click()
    expect(_popup(page)).to_contain_text("SafeCoder: failed")
    expect(_popup(page)).to_contain_text(reason)
    expect(_popup(page)).to_contain_text("Copy or download the model again")
    page.keyboard.press("Escape")
    expect(_popup(page)).to_have_count(0)
