"""Cells and documents that are excluded: no request, no context, and the reason in the status."""

from __future__ import annotations

import re
from typing import Any

from nbformat.v4 import new_code_cell
from playwright.sync_api import expect

from tests.support.jupyter_site import PYTHON, JupyterSite
from tests.support.notebook_page import NotebookPage

ANSWERS: list[dict[str, Any]] = [
    {"after": "allowed = ", "text": "True"},
    {"after": "forbidden = ", "text": "True"},
]
#: Longer than the pause before a request and the rest on an empty line together.
_LONG_MS = 900


def _tagged(source: str) -> Any:
    return new_code_cell(source, metadata={"tags": ["safecoder-off"]})


def _expect_reason(site: JupyterSite, label: str, reason: str) -> None:
    item = site.page.locator(".jp-SafeCoder-item")
    expect(item).to_have_text(label)
    expect(item).to_have_attribute("title", re.compile(re.escape(reason)))


def _expect_nothing(notebook: NotebookPage, cell: int) -> None:
    """Type, move and ask by key: nothing may come of it."""
    notebook.edit(cell)
    notebook.insert("forbidden = ")
    notebook.press("End", "Enter")
    notebook.page.wait_for_timeout(_LONG_MS)
    notebook.press("Alt+\\")
    notebook.page.wait_for_timeout(_LONG_MS)
    notebook.expect_no_ghost()
    notebook.expect_requests(0)


def _expect_completion(notebook: NotebookPage, cell: int) -> dict[str, Any]:
    """Type in a cell that is not excluded; returns the request."""
    notebook.edit(cell)
    notebook.insert("allowed = ")
    notebook.expect_ghost("True")
    return notebook.requests[-1]


def test_a_tagged_cell_makes_no_request_and_is_in_nobody_s_context(site: JupyterSite) -> None:
    notebook = site.notebook("first = 1", _tagged("private = 2"), "third = 3", "", _tagged(""))
    notebook.edit(1)
    _expect_reason(site, "off here", "Off for this cell by its tag safecoder-off.")
    _expect_nothing(notebook, 1)
    request = _expect_completion(notebook, 3)
    assert [cell["source"] for cell in request["before"]] == ["first = 1", "third = 3"]
    assert "private" not in str(request)
    _expect_reason(site, "ready", "is ready.")


def test_a_tag_that_is_set_and_removed_counts_at_once(site: JupyterSite) -> None:
    notebook = site.notebook("", "")
    notebook.edit(0)
    notebook.insert("allowed = ")
    notebook.expect_ghost("True")
    _set_tags(notebook, 0, ["safecoder-off"])
    notebook.expect_no_ghost()
    _expect_reason(site, "off here", "by its tag")
    requests = len(notebook.requests)
    notebook.type("1")
    notebook.page.wait_for_timeout(_LONG_MS)
    notebook.expect_requests(requests)
    _set_tags(notebook, 0, [])
    _expect_reason(site, "ready", "is ready.")
    _expect_completion(notebook, 1)


def test_a_notebook_s_metadata_switch_it_off(site: JupyterSite) -> None:
    notebook = site.notebook("", metadata={**PYTHON, "safecoder": "off"})
    _expect_nothing(notebook, 0)
    _expect_reason(site, "off here", "Off for this notebook by its metadata.")


def test_a_safecoderignore_excludes_a_document(site: JupyterSite) -> None:
    ignore = site.directory / "notebooks" / ".safecoderignore"
    ignore.write_text("private-*.ipynb\n")
    try:
        notebook = site.notebook("", name="private-data")
        _expect_nothing(notebook, 0)
        _expect_reason(site, "off here", "Off by .safecoderignore: a pattern in .safecoderignore")
        other = site.notebook("", name="public-data")
        _expect_completion(other, 0)
        _expect_reason(site, "ready", "is ready.")
    finally:
        ignore.unlink()


def test_patterns_that_come_later_count_too(site: JupyterSite) -> None:
    """The server refuses at once; the page then asks it for the reason."""
    ignore = site.directory / "notebooks" / ".safecoderignore"
    notebook = site.notebook("", "", name="later")
    _expect_completion(notebook, 0)
    notebook.page.wait_for_timeout(2100)
    ignore.write_text("later.*\n")
    try:
        notebook.edit(1)
        notebook.insert("allowed = ")
        _expect_reason(site, "off here", "Off by .safecoderignore")
        notebook.expect_no_ghost()
    finally:
        ignore.unlink()


def _set_tags(notebook: NotebookPage, cell: int, tags: list[str]) -> None:
    notebook.page.evaluate(
        """([index, tags]) => window.jupyterapp.shell.currentWidget.content.widgets[index]
            .model.setMetadata('tags', tags)""",
        [cell, tags],
    )
