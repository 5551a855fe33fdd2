"""Cells whose lines end as on Windows: a carriage return before each newline."""

from __future__ import annotations

from tests.support.jupyter_site import JupyterSite
from tests.support.notebook_page import NotebookPage

ANSWERS = [
    {"after": "b = 2\nc = a", "text": " + b"},
    {"after": "first = 1\nsecond = f", "text": "irst"},
    {"after": "above = 1\nlast = a", "text": "bove"},
]


def _shown(notebook: NotebookPage, cell: int) -> str:
    """Return the text that the editor of a cell shows."""
    return str(
        notebook.page.evaluate(
            """index => window.jupyterapp.shell.currentWidget.content.widgets[index]
                .editor.doc.toString()""",
            cell,
        )
    )


def test_prefix_suffix_and_insertion(site: JupyterSite) -> None:
    notebook = site.notebook("above = 1\r\n", "a = 1\r\nb = 2\r\nc = \r\nd = 4")
    notebook.edit(1, 2)
    notebook.type("a")
    notebook.expect_ghost(" + b")
    request = notebook.requests[-1]
    assert (request["prefix"], request["suffix"]) == ("a = 1\nb = 2\nc = a", "\nd = 4")
    assert request["before"][0]["source"] == "above = 1\n"
    notebook.type(" ")
    notebook.expect_ghost("+ b")
    notebook.press("Alt+Period")
    notebook.press("Tab")
    # What the notebook's file gets is what is on the screen.
    notebook.expect_source(1, "a = 1\nb = 2\nc = a + b\nd = 4")
    assert _shown(notebook, 1) == notebook.source(1)


def test_the_first_cell_and_undo(site: JupyterSite) -> None:
    notebook = site.notebook("first = 1\r\nsecond = ")
    notebook.edit(0)
    notebook.type("f")
    notebook.expect_ghost("irst")
    notebook.press("Tab")
    notebook.expect_source(0, "first = 1\nsecond = first")
    for _ in range(3):
        notebook.press("Control+z")
    assert notebook.source(0) == _shown(notebook, 0)
    assert notebook.source(0).startswith("first = 1\nsecond = ")


def test_text_that_a_program_writes(site: JupyterSite) -> None:
    notebook = site.notebook("x = 1")
    notebook.edit(0)
    notebook.set_source(0, "'above = 1\\r\\nlast = '")
    notebook.edit(0)
    notebook.type("a")
    notebook.expect_ghost("bove")
    assert notebook.requests[-1]["prefix"] == "above = 1\nlast = a"
    notebook.press("Tab")
    notebook.expect_source(0, "above = 1\nlast = above")
