"""Two users in one notebook: their edits, their suggestions, their undo.

jupyter-collaboration is in an environment of its own: see ``make test-collaboration``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from playwright.sync_api import Browser, Page, Request

from tests.support.jupyter_site import PYTHON, JupyterSite, jupyter_site, scripted
from tests.support.notebook_page import NotebookPage

pytest.importorskip("jupyter_collaboration")
pytestmark = pytest.mark.slow

_ANSWERS = [
    {"after": "mine = su", "text": "m(values)"},
    {"after": "theirs = ma", "text": "x(values)"},
    {"after": "block = [", "text": "\n    1,\n    2,\n]"},
]
#: Milliseconds in which a request would be sent.
_QUIET = 1000


class _Users:
    """Two users, each in a browser context of their own, with one notebook."""

    def __init__(self, site: JupyterSite) -> None:
        self._site = site
        self._other = site.new_page()
        self._count = 0
        first = site.page
        site.use(self._other)
        site.use(first)

    def open(self, *sources: str) -> tuple[NotebookPage, NotebookPage]:
        """Return the notebook as each of the two has it open, with all its text."""
        path = f"shared-{self._count}.ipynb"
        self._count += 1
        cells = [new_code_cell(source) for source in sources]
        nbformat.write(
            new_notebook(cells=cells, metadata=dict(PYTHON)),
            self._site.directory / "notebooks" / path,
        )
        mine, theirs = (
            self._open(page, path, len(sources)) for page in (self._site.page, self._other)
        )
        for notebook in (mine, theirs):
            for index, source in enumerate(sources):
                notebook.expect_source(index, source)
        return mine, theirs

    def close(self) -> None:
        """Close the page of the second user."""
        self._other.context.close()

    @staticmethod
    def _open(page: Page, path: str, cells: int) -> NotebookPage:
        page.evaluate(
            "args => window.jupyterapp.commands.execute('docmanager:open', args).then(() => 0)",
            {"path": path, "kernelPreference": {"shouldStart": False}},
        )
        return NotebookPage(page, path, cells)


@pytest.fixture(scope="module")
def users(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[_Users]:
    directory = tmp_path_factory.mktemp("collaboration")
    config = scripted(directory, _ANSWERS)
    # The store of the shared documents is in the working directory otherwise.
    store = f"--SQLiteYStore.db_path={directory / 'store.db'}"
    with jupyter_site(browser, directory, config, arguments=[store]) as site:
        two = _Users(site)
        yield two
        two.close()


def _posts(page: Page) -> list[dict[str, Any]]:
    """Return a list that gets the bodies of all that a page asks the extension for from now on."""
    bodies: list[dict[str, Any]] = []

    def on_request(request: Request) -> None:
        if request.method == "POST" and "/jupyter-safecoder/" in request.url:
            bodies.append({"url": request.url, "body": json.loads(request.post_data or "null")})

    page.on("request", on_request)
    return bodies


def _rest(notebook: NotebookPage) -> None:
    notebook.page.wait_for_timeout(_QUIET)


def test_edits_of_another_user_make_no_request(users: _Users) -> None:
    """Neither in the cell with the cursor, nor in another one."""
    mine, theirs = users.open("", "other = 1")
    mine.edit(0)
    mine.insert("# a remark")
    theirs.expect_source(0, "# a remark")
    _rest(mine)
    posts = _posts(mine.page)
    for cell in (0, 1):
        theirs.edit(cell)
        theirs.press("Control+End", "Enter")
        theirs.type("value = 1", 30)
        theirs.press("Enter", "Backspace")
        mine.expect_source(cell, theirs.source(cell))
    _rest(mine)
    assert posts == []
    mine.expect_no_ghost()


def test_each_user_sees_the_own_suggestion(users: _Users) -> None:
    mine, theirs = users.open("\n\n")
    mine.edit(0, 0, 0)
    mine.type("mine = su")
    mine.expect_ghost("m(values)")
    theirs.expect_source(0, "mine = su\n\n")
    theirs.expect_no_ghost()
    mine.expect_background("prefetch", 1)
    posts = _posts(mine.page)
    theirs.edit(0, 2, 0)
    theirs.type("theirs = ma", 60)
    theirs.expect_ghost("x(values)")
    mine.expect_source(0, "mine = su\n\ntheirs = ma")
    mine.expect_ghost("m(values)")
    assert posts == []
    mine.press("Tab")
    theirs.expect_source(0, "mine = sum(values)\n\ntheirs = ma")
    theirs.expect_ghost("x(values)")
    theirs.press("Tab")
    mine.expect_source(0, "mine = sum(values)\n\ntheirs = max(values)")
    assert mine.source(0) == theirs.source(0)


def test_a_suggestion_stays_where_lines_come_above_it(users: _Users) -> None:
    mine, theirs = users.open("\n")
    mine.edit(0)
    mine.type("mine = su")
    mine.expect_ghost("m(values)")
    mine.expect_background("prefetch", 1)
    posts = _posts(mine.page)
    theirs.edit(0, 0, 0)
    # The letter with which the suggestion begins, too.
    theirs.type("m = 1\n", 60)
    mine.expect_source(0, "m = 1\n\nmine = su")
    mine.expect_ghost("m(values)")
    assert posts == []
    mine.type("m")
    mine.expect_ghost("(values)")
    mine.press("Tab")
    theirs.expect_source(0, "m = 1\n\nmine = sum(values)")


def test_a_suggestion_goes_when_its_line_is_changed(users: _Users) -> None:
    mine, theirs = users.open("")
    mine.edit(0)
    mine.type("mine = su")
    mine.expect_ghost("m(values)")
    mine.expect_background("prefetch", 1)
    posts = _posts(mine.page)
    theirs.edit(0, 0, 0)
    theirs.type("not_")
    mine.expect_source(0, "not_mine = su")
    mine.expect_no_ghost()
    _rest(mine)
    assert posts == []


def test_an_accepted_suggestion_is_one_undo_step_of_its_user(users: _Users) -> None:
    mine, theirs = users.open("\n\n")
    mine.edit(0, 0, 0)
    mine.type("block = [")
    mine.ghost.wait_for()
    mine.press("Tab")
    accepted = "block = [\n    1,\n    2,\n]"
    theirs.expect_source(0, f"{accepted}\n\n")
    theirs.edit(0)
    theirs.type("theirs = 1")
    mine.expect_source(0, f"{accepted}\n\ntheirs = 1")
    mine.edit(0, 3)
    mine.press("Control+z")
    theirs.expect_source(0, "block = [\n\ntheirs = 1")
    mine.press("Control+z")
    theirs.expect_source(0, "\n\ntheirs = 1")
    mine.press("Control+Shift+z", "Control+Shift+z")
    theirs.expect_source(0, f"{accepted}\n\ntheirs = 1")
    theirs.press("Control+z")
    mine.expect_source(0, f"{accepted}\n\n")


def test_nothing_moves_when_the_other_user_accepts(users: _Users) -> None:
    """The cursor stays in its line while the lines above it become more."""
    mine, theirs = users.open("\n\n")
    theirs.edit(0, 2, 0)
    theirs.type("kept = 1")
    mine.edit(0, 0, 0)
    mine.type("block = [")
    mine.ghost.wait_for()
    mine.press("Tab")
    theirs.expect_source(0, "block = [\n    1,\n    2,\n]\n\nkept = 1")
    theirs.type("2")
    mine.expect_source(0, "block = [\n    1,\n    2,\n]\n\nkept = 12")
