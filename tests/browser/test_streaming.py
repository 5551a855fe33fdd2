"""Completions that arrive slowly or never, and a runtime that is killed."""

from __future__ import annotations

import json
import os
import signal
import time

from tests.support.jupyter_site import JupyterSite
from tests.support.notebook_page import NotebookPage

_PREFIX, _TEXT = "total = slow_su", "m(number for number in values)"

ANSWERS = [
    # Each byte is a token: the completion takes more than a second.
    {"after": _PREFIX, "text": _TEXT, "token_ms": 60},
    {"after": "stalled = ", "text": "never", "stall": True},
    {"after": "quick = ", "text": "1"},
    {"after": "other = ", "text": "2"},
]


def test_tab_during_a_stream(site: JupyterSite) -> None:
    notebook = _streaming(site)
    notebook.expect_ghost_part("m(num")
    notebook.press("Tab")
    # The same request continues after the accepted text.
    notebook.expect_ghost_part("values)")
    accepted = notebook.source(0)
    assert accepted.startswith("total = slow_sum(")
    assert len(accepted) < len(_PREFIX + _TEXT)
    notebook.expect_ghost((_PREFIX + _TEXT).removeprefix(accepted))
    notebook.expect_requests(1)
    notebook.press("Tab")
    notebook.expect_source(0, _PREFIX + _TEXT)


def test_typing_the_text_of_a_stream(site: JupyterSite) -> None:
    notebook = _streaming(site)
    notebook.expect_ghost_part("m(num")
    notebook.type("m(nu")
    notebook.expect_source(0, "total = slow_sum(nu")
    notebook.expect_ghost("mber for number in values)")
    notebook.expect_requests(1)
    notebook.press("Tab")
    notebook.expect_source(0, _PREFIX + _TEXT)


def test_typing_other_text_during_a_stream(site: JupyterSite) -> None:
    cancelled = site.counter("cancelled")
    notebook = _streaming(site)
    notebook.type("X")
    notebook.expect_no_ghost()
    site.expect_counter("cancelled", cancelled + 1)
    notebook.press("Tab")
    assert notebook.source(0).startswith("total = slow_suX")
    assert "m(" not in notebook.source(0)


def test_escape_dismisses_a_stream(site: JupyterSite) -> None:
    cancelled = site.counter("cancelled")
    notebook = _streaming(site)
    notebook.press("Escape")
    site.expect_counter("cancelled", cancelled + 1)
    notebook.expect_no_ghost()
    notebook.expect_no_spinner()
    assert notebook.source(0) == _PREFIX


def test_escape_cancels_a_stalled_request(site: JupyterSite) -> None:
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


def test_a_stream_stays_in_the_notebook_of_its_request(site: JupyterSite) -> None:
    other = site.notebook("", name="other")
    notebook = _streaming(site)
    other.reveal()
    other.edit(0)
    other.type("other = ")
    other.expect_ghost("2")
    other.press("Tab")
    other.expect_source(0, "other = 2")
    notebook.reveal()
    notebook.expect_source(0, _PREFIX)


def test_the_runtime_is_killed_during_a_stream(site: JupyterSite) -> None:
    notebook = _streaming(site)
    connection = next((site.directory / "runtime").glob("safecoder-*.json"))
    os.kill(json.loads(connection.read_text())["pid"], signal.SIGKILL)
    deadline = time.monotonic() + 15
    notebook.expect_no_spinner()
    assert notebook.source(0) == _PREFIX
    notebook.edit(1)
    while not notebook.ghost.count() and time.monotonic() < deadline:
        notebook.insert("quick = ")
        notebook.page.wait_for_timeout(500)
    notebook.expect_ghost("1")
    assert notebook.source(0) == _PREFIX
    site.expect_state("ready")


def _streaming(site: JupyterSite) -> NotebookPage:
    """Return a notebook in which a completion is being streamed."""
    notebook = site.notebook("", "")
    notebook.edit(0)
    notebook.insert(_PREFIX)
    notebook.ghost.wait_for()
    return notebook


def _stalled(site: JupyterSite) -> NotebookPage:
    """Return a notebook whose request has reached the engine and gets no token."""
    requests = site.counter("requests")
    notebook = site.notebook("", "")
    notebook.edit(0)
    notebook.insert("stalled = ")
    site.expect_counter("requests", requests + 1)
    return notebook
