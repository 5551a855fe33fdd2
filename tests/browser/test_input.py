"""Other changes of the text than typing: undo, deletion, input methods, several cursors."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.support.jupyter_site import JupyterSite
from tests.support.notebook_page import SLOWLY, NotebookPage

ANSWERS = [
    {"after": "total = su", "text": "m(values)"},
    {"after": "name = '你好", "text": "世界'"},
]


def _compose(notebook: NotebookPage, *texts: str) -> None:
    """Compose a text as an input method does, in these steps."""
    session = notebook.page.context.new_cdp_session(notebook.page)
    for text in texts:
        session.send(
            "Input.imeSetComposition",
            {"text": text, "selectionStart": len(text), "selectionEnd": len(text)},
        )
        notebook.page.wait_for_timeout(2 * SLOWLY)


def test_undo_and_redo_bring_nothing(site: JupyterSite) -> None:
    notebook = site.notebook("")
    notebook.edit(0)
    notebook.type("total = su")
    notebook.expect_ghost("m(values)")
    notebook.press("Tab")
    # What follows was requested while the suggestion was shown.
    notebook.expect_background("prefetch", 1)
    notebook.expect_requests(1)
    for key in ("Control+z", "Control+Shift+z", "Control+z"):
        source = notebook.source(0)
        notebook.press(key)
        notebook.page.wait_for_timeout(500)
        notebook.expect_no_ghost()
        assert notebook.source(0) != source
    notebook.expect_requests(1)


def test_backspace_shows_what_is_known_and_asks_for_nothing(site: JupyterSite) -> None:
    notebook = site.notebook("")
    notebook.edit(0)
    notebook.insert("total = su")
    notebook.expect_ghost("m(values)")
    notebook.type("m(")
    notebook.expect_ghost("values)")
    notebook.press("Backspace")
    notebook.expect_ghost("(values)")
    notebook.press("Backspace", "Backspace")
    notebook.expect_source(0, "total = s")
    notebook.page.wait_for_timeout(500)
    notebook.expect_no_ghost()
    notebook.expect_requests(1)


def test_what_was_dismissed_does_not_return_with_backspace(site: JupyterSite) -> None:
    notebook = site.notebook("")
    notebook.edit(0)
    notebook.type("total = su")
    notebook.expect_ghost("m(values)")
    notebook.press("Escape")
    notebook.expect_no_ghost()
    notebook.type("m")
    notebook.press("Backspace")
    notebook.page.wait_for_timeout(500)
    notebook.expect_no_ghost()


def test_an_input_method_is_left_alone_until_the_text_is_complete(site: JupyterSite) -> None:
    notebook = site.notebook("")
    notebook.edit(0)
    notebook.insert("name = '")
    notebook.expect_requests(1)
    _compose(notebook, "n", "ni", "nihao", "你好")
    notebook.expect_requests(1)
    notebook.insert("你好")
    notebook.expect_ghost("世界'")
    notebook.expect_source(0, "name = '你好")
    assert notebook.requests[-1]["prefix"] == "name = '你好"
    notebook.expect_requests(2)


def test_several_cursors_ask_for_nothing(site: JupyterSite) -> None:
    notebook = site.notebook("total = \ntotal = ")
    notebook.edit(0, 1, 8)
    notebook.press("Control+Alt+ArrowUp")
    notebook.type("su", SLOWLY)
    notebook.expect_source(0, "total = su\ntotal = su")
    notebook.page.wait_for_timeout(500)
    notebook.expect_requests(0)
    notebook.expect_no_ghost()


def test_keys_that_every_keyboard_has(site: JupyterSite) -> None:
    notebook = site.notebook("total = su", "total_of_all = 1\ntot")
    notebook.edit(0, 0, 10)
    notebook.press("Alt+i")
    notebook.expect_ghost("m(values)")
    announced = notebook.page.locator(".jp-SafeCoder-announcer")
    expect(announced).to_have_text("Suggestion: m(values)")
    notebook.press("Tab")
    notebook.expect_source(0, "total = sum(values)")
    expect(announced).to_have_text("")
    notebook.edit(1, 1, 3)
    notebook.press("Control+Space")
    notebook.page.locator(".jp-Completer-item", has_text="total_of_all").wait_for()
