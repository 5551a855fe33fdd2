"""What is computed in advance: the next suggestion, and the prompt of a cell that is entered."""

from __future__ import annotations

from tests.support.jupyter_site import JupyterSite

ANSWERS = [
    {"after": "ahead = on", "text": "e + two"},
    {"after": "ahead = one + two", "text": " + three"},
    {"after": "slow_ahead = on", "text": "e"},
    {"after": "slow_ahead = one", "text": " + two", "token_ms": 200},
    {"after": "stuck_ahead = on", "text": "e"},
    {"after": "stuck_ahead = one", "text": "never", "stall": True},
    {"after": "person = ", "text": "1"},
]


def test_after_an_accept_the_next_suggestion_is_there(site: JupyterSite) -> None:
    notebook = site.notebook("ahead ")
    notebook.edit(0)
    notebook.insert("= on")
    notebook.expect_ghost("e + two")
    (request,) = notebook.expect_background("prefetch", 1)
    assert (request["prefix"], request["suffix"]) == ("ahead = one + two", "")
    # Typed along, it stays what comes next.
    notebook.type("e +")
    notebook.expect_ghost(" two")
    notebook.press("Tab")
    notebook.expect_ghost(" + three")
    notebook.expect_source(0, "ahead = one + two")
    notebook.expect_requests(1)
    assert len([one for one in notebook.background if one["prefix"] == "ahead = one + two"]) == 1


def test_a_prefetch_that_is_under_way_is_taken_over(site: JupyterSite) -> None:
    notebook = site.notebook("slow_ahead ")
    notebook.edit(0)
    notebook.insert("= on")
    notebook.expect_ghost("e")
    notebook.expect_background("prefetch", 1)
    notebook.press("Tab")
    notebook.expect_ghost(" + two")
    notebook.expect_requests(1)


def test_another_key_ends_it(site: JupyterSite) -> None:
    notebook = site.notebook("stuck_ahead ")
    notebook.edit(0)
    cancelled, background = site.counter("cancelled"), site.counter("background")
    notebook.insert("= on")
    notebook.expect_ghost("e")
    notebook.expect_background("prefetch", 1)
    notebook.insert("\nperson = ")
    notebook.expect_ghost("1")
    notebook.expect_requests(2)
    # It is not one of the user's requests.
    assert site.counter("cancelled") == cancelled
    assert site.counter("background") > background


def test_a_cell_that_is_entered_is_warmed(site: JupyterSite) -> None:
    notebook = site.notebook("import os", "x = os.", "y = 1")
    notebook.edit(1)
    warmed = notebook.expect_background("warm", 1)[-1]
    assert warmed["prefix"] == "x = os."
    assert [cell["source"] for cell in warmed["before"]] == ["import os"]
    notebook.expect_requests(0)
    notebook.expect_no_ghost()
    notebook.edit(2)
    assert notebook.expect_background("warm", 2)[-1]["prefix"] == "y = 1"
    # A moment later it is still warm.
    notebook.edit(1)
    notebook.edit(2)
    notebook.page.wait_for_timeout(800)
    notebook.expect_background("warm", 2)
