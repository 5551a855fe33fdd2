"""Answers that come slowly or never, and a runtime that dies: the person is never in the way."""

from __future__ import annotations

import json
import os
import signal
import time

from tests.support.jupyter_site import JupyterSite
from tests.support.notebook_page import NotebookPage

#: A token is a byte: this one takes more than a second.
_SLOW = "total = su", "m(number for number in values)"

SCRIPT = {
    "answers": [
        {"after": _SLOW[0], "text": _SLOW[1]},
        {"after": "stalled = ", "text": "never", "stall": True},
        {"after": "quick = ", "text": "1"},
        {"after": "other = ", "text": "2"},
    ],
    "otherwise": "",
    "token_ms": 60,
}


def test_tab_in_the_middle_of_a_stream(site: JupyterSite) -> None:
    notebook = _streaming(site)
    notebook.expect_ghost_part("m(num")
    notebook.press("Tab")
    # The answer goes on behind what was accepted, from the same request.
    notebook.expect_ghost_part("values)")
    accepted = notebook.source(0)
    assert accepted.startswith("total = sum(")
    assert len(accepted) < len(_SLOW[0] + _SLOW[1])
    notebook.expect_ghost((_SLOW[0] + _SLOW[1]).removeprefix(accepted))
    notebook.expect_requests(1)
    notebook.press("Tab")
    notebook.expect_source(0, _SLOW[0] + _SLOW[1])


def test_typing_along_with_a_stream(site: JupyterSite) -> None:
    notebook = _streaming(site)
    notebook.expect_ghost_part("m(num")
    notebook.type("m(nu")
    notebook.expect_source(0, "total = sum(nu")
    notebook.expect_ghost("mber for number in values)")
    notebook.expect_requests(1)
    notebook.press("Tab")
    notebook.expect_source(0, _SLOW[0] + _SLOW[1])


def test_typing_away_from_a_stream(site: JupyterSite) -> None:
    cancelled = site.counter("cancelled")
    notebook = _streaming(site)
    notebook.type("X")
    notebook.expect_no_ghost()
    site.expect_counter("cancelled", cancelled + 1)
    notebook.press("Tab")
    assert notebook.source(0).startswith("total = suX")
    assert "m(" not in notebook.source(0)


def test_escape_dismisses_a_stream(site: JupyterSite) -> None:
    cancelled = site.counter("cancelled")
    notebook = _streaming(site)
    notebook.press("Escape")
    site.expect_counter("cancelled", cancelled + 1)
    notebook.expect_no_ghost()
    notebook.expect_no_spinner()
    assert notebook.source(0) == "total = su"


def test_escape_cancels_an_answer_that_does_not_come(site: JupyterSite) -> None:
    cancelled = site.counter("cancelled")
    notebook = _stalled(site)
    notebook.press("Escape")
    site.expect_counter("cancelled", cancelled + 1)


def test_moving_to_another_cell_cancels(site: JupyterSite) -> None:
    cancelled = site.counter("cancelled")
    notebook = _stalled(site)
    notebook.cell(1).locator(".cm-content").click()
    site.expect_counter("cancelled", cancelled + 1)
    notebook.type("quick = ")
    notebook.expect_ghost("1")
    assert notebook.source(0) == "stalled = "


def test_leaving_the_editor_cancels(site: JupyterSite) -> None:
    cancelled = site.counter("cancelled")
    notebook = _stalled(site)
    notebook.page.get_by_role("menuitem", name="File").click()
    site.expect_counter("cancelled", cancelled + 1)
    notebook.press("Escape")


def test_closing_the_notebook_cancels(site: JupyterSite) -> None:
    cancelled = site.counter("cancelled")
    notebook = _stalled(site)
    notebook.page.evaluate("window.jupyterapp.shell.currentWidget.dispose()")
    site.expect_counter("cancelled", cancelled + 1)


def test_a_newer_request_cancels_the_older(site: JupyterSite) -> None:
    cancelled = site.counter("cancelled")
    notebook = _stalled(site)
    notebook.type("3\nquick = ")
    notebook.expect_ghost("1")
    site.expect_counter("cancelled", cancelled + 1)


def test_an_answer_stays_in_the_notebook_that_asked(site: JupyterSite) -> None:
    other = site.notebook("", name="other")
    notebook = _streaming(site)
    other.reveal()
    other.edit(0)
    other.type("other = ")
    other.expect_ghost("2")
    other.press("Tab")
    other.expect_source(0, "other = 2")
    notebook.reveal()
    notebook.expect_source(0, "total = su")


def test_the_runtime_is_killed_in_the_middle_of_a_stream(site: JupyterSite) -> None:
    notebook = _streaming(site)
    connection = next((site.directory / "runtime").glob("safecoder-*.json"))
    os.kill(json.loads(connection.read_text())["pid"], signal.SIGKILL)
    until = time.monotonic() + 15
    notebook.expect_no_spinner()
    assert notebook.source(0) == "total = su"
    notebook.edit(1)
    while not notebook.ghost.count() and time.monotonic() < until:
        notebook.insert("quick = ")
        notebook.page.wait_for_timeout(500)
    notebook.expect_ghost("1")
    assert notebook.source(0) == "total = su"
    site.expect_state("ready")


def _streaming(site: JupyterSite) -> NotebookPage:
    """Return a notebook in which an answer is on its way."""
    notebook = site.notebook("", "")
    notebook.edit(0)
    notebook.insert(_SLOW[0])
    notebook.ghost.wait_for()
    return notebook


def _stalled(site: JupyterSite) -> NotebookPage:
    """Return a notebook whose request has reached the engine, which does not answer."""
    requests = site.counter("requests")
    notebook = site.notebook("", "")
    notebook.edit(0)
    notebook.insert("stalled = ")
    site.expect_counter("requests", requests + 1)
    return notebook
