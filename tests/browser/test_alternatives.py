"""Other suggestions, which the user asks for with Lab's keys and buttons for the next one."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.support.jupyter_site import JupyterSite

ANSWERS = [
    {
        "after": "best = ",
        "text": "max(values)",
        "candidates": {"m": -0.4, "s": -1.2, "l": -1.6, "z": -9.0},
    },
    {"after": "best = s", "text": "um(values)"},
    {"after": "best = l", "text": "en(values)"},
    {"after": "sure = ", "text": "True", "candidates": {"T": -0.1, "F": -8.0}},
]


def test_next_and_previous(site: JupyterSite) -> None:
    notebook = site.notebook("best ")
    notebook.edit(0)
    notebook.insert("= ")
    notebook.expect_ghost("max(values)")
    notebook.expect_requests(1)
    notebook.press("Alt+BracketRight")
    notebook.expect_ghost("sum(values)")
    notebook.expect_requests(2)
    assert notebook.requests[-1]["options"] == {"trigger": "explicit", "alternatives": 3}
    announced = notebook.page.locator(".jp-SafeCoder-announcer")
    expect(announced).to_have_text("Suggestion: sum(values)")
    notebook.press("Alt+BracketRight")
    notebook.expect_ghost("len(values)")
    notebook.press("Alt+BracketRight")
    notebook.expect_ghost("max(values)")
    notebook.press("Alt+BracketLeft")
    notebook.expect_ghost("len(values)")
    # The one that was chosen is typed through, with a deletion, and taken.
    notebook.type("lex")
    notebook.press("Backspace")
    notebook.expect_source(0, "best = le")
    notebook.type("n")
    notebook.expect_ghost("(values)")
    notebook.press("Tab")
    notebook.expect_source(0, "best = len(values)")


def test_the_button_beside_the_suggestion(site: JupyterSite) -> None:
    notebook = site.notebook("best ")
    notebook.edit(0)
    notebook.insert("= ")
    notebook.expect_ghost("max(values)")
    notebook.ghost.hover()
    notebook.page.locator(".jp-InlineCompleter").get_by_role("button", name="Alt+[").click()
    notebook.expect_ghost("len(values)")
    notebook.ghost.hover()
    expect(notebook.page.locator(".jp-InlineCompleter")).to_contain_text("3/3")


def test_a_model_that_is_sure_has_no_alternative(site: JupyterSite) -> None:
    notebook = site.notebook("sure ")
    notebook.edit(0)
    notebook.insert("= ")
    notebook.expect_ghost("True")
    notebook.press("Alt+BracketRight")
    notebook.expect_requests(2)
    notebook.page.wait_for_timeout(500)
    notebook.expect_ghost("True")
    # It is asked once for each suggestion.
    notebook.press("Alt+BracketRight", "Alt+BracketLeft")
    notebook.page.wait_for_timeout(500)
    notebook.expect_requests(2)
    notebook.press("Tab")
    notebook.expect_source(0, "sure = True")
