"""A headless Chromium for all tests, and a Jupyter server for each module of them."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.support.jupyter_site import JupyterSite, jupyter_site, scripted

_SCREENSHOTS = Path(__file__).parent / "screenshots"
_BROWSER = pytest.StashKey[Browser]()
_FIGURES = pytest.StashKey[list[str]]()

#: The first two: nothing that Chromium itself might want leaves the machine, not even a look-up.
_FLAGS = (
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    "--no-proxy-server",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--disable-gpu",
    "--no-first-run",
)


@pytest.fixture
def jp_asyncio_loop() -> None:
    """Instead of pytest-jupyter's: the event loop here is Playwright's."""


@pytest.fixture
def jp_server_cleanup() -> None:
    """Instead of pytest-jupyter's: there is no server in this process."""


@pytest.fixture(scope="session")
def browser(pytestconfig: pytest.Config) -> Iterator[Browser]:
    """The machine's own Chromium or Chrome."""
    executable = shutil.which("chromium") or shutil.which("google-chrome")
    assert executable, "There is no chromium and no google-chrome: run 'make browser'."
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    flags = [*_FLAGS, *(["--no-sandbox"] if is_root else [])]
    expect.set_options(timeout=15_000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=flags)
        pytestconfig.stash[_BROWSER] = browser
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def server(
    request: pytest.FixtureRequest, browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[JupyterSite]:
    """A server whose answers are the module's ``SCRIPT``; ``APP`` says which application."""
    directory = tmp_path_factory.mktemp("site")
    app = getattr(request.module, "APP", "jupyterlab")
    config = scripted(directory, request.module.SCRIPT)
    with jupyter_site(browser, directory, config, app=app) as site:
        yield site


@pytest.fixture
def site(request: pytest.FixtureRequest, server: JupyterSite) -> Iterator[JupyterSite]:
    """The module's server with no notebook open; the page stays unless the test failed."""
    yield server
    if getattr(request.node, "failed", False):
        server.close_page()
    else:
        server.close_notebooks()


@pytest.fixture
def figures(pytestconfig: pytest.Config) -> list[str]:
    """Lines that the summary prints."""
    return pytestconfig.stash.setdefault(_FIGURES, [])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Take a picture of every page when a test fails, before anything is closed."""
    report: Any = yield
    browser = item.config.stash.get(_BROWSER, None)
    if report.when == "call" and report.failed and browser is not None:
        item.failed = True  # type: ignore[attr-defined]
        name = re.sub(r"\W+", "-", item.name)
        pages = [page for context in browser.contexts for page in context.pages]
        for number, page in enumerate(pages):
            path = _SCREENSHOTS / f"{name}-{number}.png"
            page.screenshot(path=path)
            report.sections.append(("screenshot", str(path)))
    return report


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Print the figures that tests have measured."""
    for line in config.stash.get(_FIGURES, []):
        terminalreporter.write_line(line)
