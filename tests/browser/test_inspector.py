"""What was sent: the last request as the model got it, in the inspector."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.support.accessibility import THEMES, use_theme, violations
from tests.support.jupyter_site import JupyterSite, jupyter_site, scripted

ANSWERS: list[dict[str, Any]] = [
    {"after": "inspected = ", "text": "1\nfollowing = 2"},
    {"after": "hostile = '<img src=x>", "text": "'"},
]
_INSPECTOR = "#jupyter-safecoder-inspector"


def _open(site: JupyterSite, **arguments: str) -> Locator:
    site.page.evaluate(
        "args => window.jupyterapp.commands.execute('safecoder:open-inspector', args)"
        ".then(() => 0)",
        arguments,
    )
    inspector = site.page.locator(_INSPECTOR)
    expect(inspector).to_be_visible()
    return inspector


def _section(inspector: Locator, source: str) -> Locator:
    return inspector.locator(f".jp-SafeCoder-promptSection[data-source='{source}'] pre")


@pytest.fixture
def closed(site: JupyterSite) -> Iterator[JupyterSite]:
    """Return the site, whose inspector is closed after the test."""
    yield site
    site.page.evaluate(
        """() => ['main', 'right']
            .flatMap(area => [...window.jupyterapp.shell.widgets(area)])
            .filter(widget => widget.id === 'jupyter-safecoder-inspector')
            .forEach(widget => widget.dispose())"""
    )


@pytest.mark.parametrize("area", ["main", "right"])
def test_requests_are_inspected_while_it_is_open(closed: JupyterSite, area: str) -> None:
    notebook = closed.notebook("above = 0", "", "below = 9")
    inspector = _open(closed, area=area)
    notebook.reveal()
    notebook.edit(1)
    notebook.insert("inspected = ")
    notebook.ghost.wait_for()
    assert notebook.requests[-1]["options"]["inspect"] is True
    expect(_section(inspector, "prefix")).to_have_text("inspected = ")
    expect(_section(inspector, "cells")).to_have_text("above = 0")
    expect(inspector).to_contain_text("1 of 1 were sent")
    expect(inspector).to_contain_text("Building the prompt")
    expect(inspector).to_contain_text("From the key to the request")


def test_nothing_is_inspected_while_it_is_closed(closed: JupyterSite) -> None:
    notebook = closed.notebook("")
    notebook.edit(0)
    notebook.insert("inspected = ")
    notebook.ghost.wait_for()
    assert "inspect" not in notebook.requests[-1]["options"]
    # By key: the same request again, for the inspector.
    notebook.press("Alt+Shift+I")
    inspector = closed.page.locator(_INSPECTOR)
    expect(_section(inspector, "prefix")).to_have_text("inspected = ")
    assert notebook.requests[-1]["options"]["inspect"] is True
    assert notebook.requests[-1]["prefix"] == "inspected = "
    expect(inspector).to_contain_text("What the model wrote")
    assert notebook.source(0) == "inspected = "


def test_a_hostile_text_stays_text(closed: JupyterSite) -> None:
    notebook = closed.notebook("")
    inspector = _open(closed)
    notebook.reveal()
    notebook.edit(0)
    notebook.insert("hostile = '<img src=x>")
    expect(_section(inspector, "prefix")).to_have_text("hostile = '<img src=x>")
    expect(inspector.locator("img")).to_have_count(0)


def test_axe_finds_nothing_in_any_theme(closed: JupyterSite) -> None:
    notebook = closed.notebook("above = 0", "", "below = 9")
    inspector = _open(closed, area="right")
    empty = violations(closed.page, _INSPECTOR)
    notebook.reveal()
    notebook.edit(1)
    notebook.insert("inspected = ")
    notebook.ghost.wait_for()
    expect(_section(inspector, "prefix")).to_have_text("inspected = ")
    expect(inspector).to_contain_text("What the model wrote")
    found = {}
    for theme in THEMES:
        use_theme(closed.page, theme)
        if wrong := violations(closed.page, _INSPECTOR):
            found[theme] = wrong
    use_theme(closed.page, THEMES[0])
    assert (empty, found) == ([], {})
    # The check finds what is wrong.
    inspector.evaluate("node => node.append(document.createElement('button'))")
    assert "button-name" in violations(closed.page, _INSPECTOR)[0]


def test_an_administrator_does_not_allow_it(
    browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> None:
    directory = tmp_path_factory.mktemp("not-allowed")
    config = {**scripted(directory, ANSWERS), "allow_inspection": False}
    with jupyter_site(browser, directory, config) as site:
        notebook = site.notebook("")
        inspector = _open(site)
        notebook.reveal()
        notebook.edit(0)
        notebook.insert("inspected = ")
        notebook.ghost.wait_for()
        expect(inspector).to_contain_text(
            "The administrator does not allow the inspection of prompts."
        )
        expect(inspector.locator(".jp-SafeCoder-promptSection")).to_have_count(0)


def test_notebook_7(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> None:
    directory = tmp_path_factory.mktemp("notebook7-inspector")
    with jupyter_site(browser, directory, scripted(directory, ANSWERS), app="notebook") as site:
        notebook = site.notebook("", "")
        site.expect_state("ready")
        inspector = _open(site)
        notebook.edit(0)
        notebook.insert("inspected = ")
        notebook.ghost.wait_for()
        expect(_section(inspector, "prefix")).to_have_text("inspected = ")
        notebook.save()
