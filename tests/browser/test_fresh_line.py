"""Suggestions on lines without text: after Enter, and where the cursor rests."""

from __future__ import annotations

from nbformat.v4 import new_code_cell

from tests.support.jupyter_site import JupyterSite

ANSWERS = [
    {"after": "def area(r):\n    ", "text": "return 3 * r * r\n"},
    {"after": "import turtle", "text": "turtle.forward(10)"},
    {"after": "x = 1", "text": "wrong"},
]


def test_enter_asks_for_the_next_line(site: JupyterSite) -> None:
    notebook = site.notebook("")
    notebook.edit(0)
    notebook.type("def area(r):")
    notebook.press("Enter")
    notebook.expect_ghost("return 3 * r * r")
    request = notebook.requests[-1]
    assert request["prefix"] == "def area(r):\n    "
    assert request["options"]["trigger"] == "automatic"
    notebook.type("ret")
    notebook.expect_ghost("urn 3 * r * r")
    assert notebook.requests[-1] == request
    notebook.press("Tab")
    notebook.expect_source(0, "def area(r):\n    return 3 * r * r")


def test_an_empty_cell_where_the_cursor_rests(site: JupyterSite) -> None:
    notebook = site.notebook("import turtle", "")
    notebook.edit(1)
    notebook.expect_ghost("turtle.forward(10)")
    notebook.press("Tab")
    notebook.expect_source(1, "turtle.forward(10)")


def test_a_dismissed_suggestion_stays_away(site: JupyterSite) -> None:
    notebook = site.notebook("import turtle", "")
    notebook.edit(1)
    notebook.expect_ghost("turtle.forward(10)")
    notebook.press("Escape")
    notebook.expect_no_ghost()
    notebook.press("Escape", "Enter")
    notebook.page.wait_for_timeout(1500)
    notebook.expect_no_ghost()
    notebook.expect_requests(1)


def test_deletion_and_undo_ask_for_nothing(site: JupyterSite) -> None:
    notebook = site.notebook("x = 1\ny")
    notebook.edit(0, 1, 1)
    notebook.press("Backspace")
    notebook.page.wait_for_timeout(1000)
    notebook.press("Control+z")
    notebook.page.wait_for_timeout(1000)
    notebook.expect_requests(0)
    notebook.expect_no_ghost()


def test_a_locked_cell_is_left_alone(site: JupyterSite) -> None:
    notebook = site.notebook("import turtle", new_code_cell(metadata={"editable": False}))
    notebook.edit(1)
    notebook.press("Alt+Backslash")
    notebook.page.wait_for_timeout(1500)
    notebook.expect_requests(0)
    notebook.press("Tab")
    notebook.expect_source(1, "")
