"""A headless Chromium and a JupyterLab that the tests share."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.support.chromium import chromium
from tests.support.jupyter_site import JupyterSite, jupyter_site, scripted
from tests.support.loopback_only import namespace_command

#: ``test_loopback_only.py`` runs it, in a network namespace.
collect_ignore = ["test_embedded.py"] if namespace_command() else []

_SCREENSHOTS = Path(__file__).parent / "screenshots"
_BROWSER = pytest.StashKey[Browser]()
_MEASUREMENTS = pytest.StashKey[list[str]]()


@pytest.fixture
def jp_asyncio_loop() -> None:
    """Replace the fixture of pytest-jupyter: Playwright has an event loop of its own."""


@pytest.fixture
def jp_server_cleanup() -> None:
    """Replace the fixture of pytest-jupyter: no server runs in this process."""


@pytest.fixture(scope="session")
def browser(pytestconfig: pytest.Config) -> Iterator[Browser]:
    """Start the Chromium or Chrome that is installed."""
    expect.set_options(timeout=15_000)
    with chromium() as browser:
        pytestconfig.stash[_BROWSER] = browser
        yield browser


@pytest.fixture(scope="session")
def server(
    request: pytest.FixtureRequest, browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[JupyterSite]:
    """Start the JupyterLab that all modules with ``ANSWERS`` share: its script has all of them."""
    directory = tmp_path_factory.mktemp("site")
    config = scripted(directory, _answers(request.session))
    with jupyter_site(browser, directory, config) as site:
        yield site


@pytest.fixture
def site(request: pytest.FixtureRequest, server: JupyterSite) -> Iterator[JupyterSite]:
    """Return the server without an open notebook; a failed test also costs the page."""
    yield server
    if getattr(request.node, "failed", False):
        server.reset()
    else:
        server.close_notebooks()


@pytest.fixture
def measurements(pytestconfig: pytest.Config) -> list[str]:
    """Lines for the summary."""
    return pytestconfig.stash.setdefault(_MEASUREMENTS, [])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Take a screenshot of every page when a test fails, before anything is closed."""
    report = yield
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
    """Print the measurements of the tests."""
    for line in config.stash.get(_MEASUREMENTS, []):
        terminalreporter.write_line(line)


def _answers(session: pytest.Session) -> list[dict[str, Any]]:
    """Return the ``ANSWERS`` of the collected modules, the most specific ones first."""
    modules = {module for item in session.items if (module := item.getparent(pytest.Module))}
    answers: dict[str, dict[str, Any]] = {}
    for module in modules:
        for answer in getattr(module.obj, "ANSWERS", ()):
            other = answers.setdefault(answer["after"], answer)
            assert other == answer, f"{module.name} and another module differ in {answer}."
    return sorted(answers.values(), key=lambda answer: -len(answer["after"]))
