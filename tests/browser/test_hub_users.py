"""Users log in to a real JupyterHub: those whose group may complete see ghost text."""

from __future__ import annotations

import re
from collections.abc import Iterator

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from playwright.sync_api import Browser, Page, expect

from tests.support.jupyter_site import PYTHON
from tests.support.notebook_page import NotebookPage
from tests.support.real_hub import Hub, real_hub

pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="module")
def hub(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """Start a JupyterHub."""
    with real_hub(tmp_path_factory.mktemp("hub")) as running:
        yield running


def lab_of(hub: Hub, browser: Browser, name: str) -> Page:
    """Log in as a user and open the user's notebook; return the page."""
    notebook = new_notebook(cells=[new_code_cell("")], metadata=PYTHON)
    nbformat.write(notebook, hub.directory / "home" / name / "work.ipynb")
    page = browser.new_context(viewport={"width": 1200, "height": 700}).new_page()
    page.goto(f"{hub.url}/hub/login?next=/user-redirect/lab/tree/work.ipynb")
    page.fill("#username_input", name)
    page.fill("#password_input", "open")
    page.click("#login_submit")
    page.wait_for_function("window.jupyterapp", timeout=60_000)
    page.evaluate("window.jupyterapp.restored.then(() => 0)")
    return page


def expect_state(page: Page, pattern: str) -> None:
    """Wait until the status item shows a state."""
    item = page.locator("#jupyter-safecoder-status")
    expect(item).to_have_attribute("data-state", re.compile(f"^({pattern})$"), timeout=30_000)


@pytest.mark.parametrize("name", ["ada", "bob"])
def test_users_with_access_see_ghost_text(hub: Hub, browser: Browser, name: str) -> None:
    page = lab_of(hub, browser, name)
    expect_state(page, "ready")
    notebook = NotebookPage(page, "work.ipynb", 1)
    notebook.edit(0)
    notebook.insert("hello")
    notebook.expect_ghost("_world()")
    page.context.close()


def test_users_without_access_see_why(hub: Hub, browser: Browser) -> None:
    page = lab_of(hub, browser, "eve")
    expect_state(page, "failed")
    page.locator("#jupyter-safecoder-status").click()
    popup = page.get_by_role("dialog", name="SafeCoder")
    expect(popup).to_contain_text("This server has no access to SafeCoder.")
    expect(popup).to_contain_text("Ask an administrator")
    page.context.close()
