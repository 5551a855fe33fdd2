"""Ghost text while the user types in JupyterLab: shown, shortened by typing, accepted."""

from __future__ import annotations

from nbformat.v4 import new_code_cell, new_markdown_cell, new_output, new_raw_cell

from tests.support.jupyter_site import JupyterSite
from tests.support.notebook_page import SLOWLY

_ABOVE = (
    new_markdown_cell("# Signals"),
    new_code_cell(
        "import numpy as np\nnp.pi",
        outputs=[
            new_output("execute_result", data={"text/plain": "3.14159"}, execution_count=1),
        ],
    ),
)
_PROMPT = "# Signalsimport numpy as np\nnp.pi3.14159"

ANSWERS = [
    # The end of the whole prompt: suffix, cells above with their outputs, prefix.
    {"after": f"{_PROMPT}t = np.li", "text": "nspace(0, 1)"},
    {"after": f", 2)\nprint(t){_PROMPT}t = np.lo", "text": "gspace(0, 1"},
    {"after": "total = su", "text": "m(values)"},
    {"after": "if ready:", "text": "\n    start(now)\n    wait()\n"},
    {"after": "face = '😀👩\u200d👩\u200d👧' + na", "text": "me.title()"},
    {"after": "pri", "text": "nt(answer)"},
    {"after": "print(", "text": "answer)"},
    {"after": "code_ce", "text": "ll_only"},
    {"after": "for x in y:\n    ", "text": "print(x)"},
]


def test_ghost_at_the_end_of_a_line(site: JupyterSite) -> None:
    notebook = site.notebook(*_ABOVE, "", "below = 1")
    notebook.edit(2)
    notebook.type("t = np.li", SLOWLY)
    notebook.expect_ghost("nspace(0, 1)")
    request = notebook.requests[-1]
    assert (request["prefix"], request["suffix"]) == ("t = np.li", "")
    assert request["before"] == [
        {"type": "markdown", "source": "# Signals"},
        {"type": "code", "source": "import numpy as np\nnp.pi", "output": "3.14159"},
    ]
    assert request["below"] == [{"type": "code", "source": "below = 1"}]
    assert request["language"] == "python"
    # A Hub's policy may exclude the path; it is nowhere else.
    assert request.pop("path") == notebook.path
    assert notebook.path not in str(request)


def test_ghost_in_the_middle_of_a_line(site: JupyterSite) -> None:
    notebook = site.notebook(*_ABOVE, "t = , 2)\nprint(t)")
    notebook.edit(2, 0, 4)
    notebook.type("np.lo")
    notebook.expect_ghost("gspace(0, 1")
    assert notebook.requests[-1]["prefix"] == "t = np.lo"
    assert notebook.requests[-1]["suffix"] == ", 2)\nprint(t)"
    notebook.press("Tab")
    notebook.expect_source(2, "t = np.logspace(0, 1, 2)\nprint(t)")


def test_typing_the_ghost_text_shortens_it_without_a_request(site: JupyterSite) -> None:
    notebook = site.notebook("")
    notebook.edit(0)
    notebook.type("total = su")
    notebook.expect_ghost("m(values)")
    notebook.expect_requests(1)
    for typed, remainder in (("m", "(values)"), ("(", "values)"), ("v", "alues)"), ("al", "ues)")):
        notebook.type(typed, SLOWLY)
        notebook.expect_ghost(remainder)
    # Typing other text sends the next request, which is the first one since then.
    notebook.type("X")
    notebook.expect_no_ghost()
    notebook.expect_requests(2)
    assert [body["prefix"] for body in notebook.requests] == ["total = su", "total = sum(valX"]


def test_tab_accepts_and_keeps_all_typed_text(site: JupyterSite) -> None:
    notebook = site.notebook("")
    notebook.edit(0)
    notebook.type("total = su")
    notebook.expect_ghost("m(values)")
    notebook.type("m(v")
    notebook.expect_ghost("alues)")
    notebook.press("Tab")
    notebook.expect_source(0, "total = sum(values)")
    notebook.type(" + 1\nprint(total)")
    notebook.expect_source(0, "total = sum(values) + 1\nprint(total)")
    notebook.expect_no_ghost()


def test_a_word_and_a_line_are_accepted_and_the_rest_stays(site: JupyterSite) -> None:
    notebook = site.notebook("")
    notebook.edit(0)
    notebook.type("if ready:")
    notebook.expect_ghost("\n    start(now)\n    wait()")
    notebook.press("Alt+Period")
    notebook.expect_source(0, "if ready:\n    start")
    notebook.expect_ghost("(now)\n    wait()")
    notebook.press("Alt+Comma")
    notebook.expect_source(0, "if ready:\n    start(now)")
    notebook.expect_ghost("\n    wait()")
    notebook.press("Alt+Comma")
    notebook.expect_source(0, "if ready:\n    start(now)\n    wait()")
    notebook.type("  # all")
    notebook.expect_source(0, "if ready:\n    start(now)\n    wait()  # all")


def test_the_button_beside_a_suggestion_accepts_a_line(site: JupyterSite) -> None:
    notebook = site.notebook("")
    notebook.edit(0)
    notebook.type("total = su")
    notebook.expect_ghost("m(values)")
    notebook.ghost.hover()
    notebook.page.get_by_role("button", name="Line").click()
    notebook.expect_source(0, "total = sum(values)")


def test_escape_dismisses_and_stays_in_edit_mode(site: JupyterSite) -> None:
    notebook = site.notebook("", "below = 1")
    notebook.edit(0)
    notebook.type("total = su")
    notebook.expect_ghost("m(values)")
    notebook.press("Escape")
    notebook.expect_no_ghost()
    notebook.type("x")
    notebook.expect_source(0, "total = sux")
    # The second one is Lab's: x cuts the cell.
    notebook.press("Escape", "Escape", "x")
    notebook.expect_source(0, "below = 1")


def test_fast_typing_keeps_all_text(site: JupyterSite) -> None:
    notebook = site.notebook("")
    notebook.edit(0)
    text = "total = sum(values)\nfor x in y:\nprint(x)"
    notebook.type(text)
    notebook.expect_source(0, "total = sum(values)\nfor x in y:\n    print(x)")


def test_cursor_after_emoji(site: JupyterSite) -> None:
    notebook = site.notebook("face = '😀👩\u200d👩\u200d👧' + )  # 🎉")
    notebook.edit(0, 0, len("face = '😀👩\u200d👩\u200d👧' + ".encode("utf-16-le")) // 2)
    notebook.type("na")
    notebook.expect_ghost("me.title(")
    assert notebook.requests[-1]["prefix"] == "face = '😀👩\u200d👩\u200d👧' + na"
    assert notebook.requests[-1]["suffix"] == ")  # 🎉"
    notebook.press("Tab")
    notebook.expect_source(0, "face = '😀👩\u200d👩\u200d👧' + name.title()  # 🎉")


def test_no_request_from_markdown_and_raw_cells(site: JupyterSite) -> None:
    notebook = site.notebook(new_markdown_cell("Text"), new_raw_cell("Raw"), "")
    for cell in (0, 1):
        notebook.edit(cell)
        notebook.type(" code_ce", SLOWLY)
        notebook.press("Alt+Backslash")
    notebook.edit(2)
    notebook.type("code_ce")
    notebook.expect_ghost("ll_only")
    notebook.expect_requests(1)
    assert notebook.source(0) == "Text code_ce"
    assert notebook.source(1) == "Raw code_ce"


def test_a_bracket_that_the_editor_closed_is_not_suggested_again(site: JupyterSite) -> None:
    notebook = site.notebook("")
    toggle = "fileeditor:toggle-autoclosing-brackets-universal"
    notebook.command(toggle)
    try:
        notebook.edit(0)
        notebook.type("pri")
        notebook.expect_ghost("nt(answer)")
        notebook.type("nt(")
        notebook.expect_source(0, "print()")
        notebook.expect_ghost("answer")
        notebook.press("Tab")
        notebook.expect_source(0, "print(answer)")
        assert notebook.requests[-1]["suffix"] == ")"
    finally:
        notebook.command(toggle)


def test_explicit_request_on_an_empty_line(site: JupyterSite) -> None:
    notebook = site.notebook("for x in y:\n    ")
    notebook.edit(0)
    notebook.press("Alt+Backslash")
    notebook.expect_ghost("print(x)")
    notebook.press("Tab")
    notebook.expect_source(0, "for x in y:\n    print(x)")


def test_ghost_text_stays_in_the_notebook_of_its_request(site: JupyterSite) -> None:
    left = site.notebook("", name="left")
    right = site.notebook("", name="right")
    right.edit(0)
    right.type("total = su")
    right.expect_ghost("m(values)")
    left.reveal()
    left.expect_no_ghost()
    left.edit(0)
    left.type("pri")
    left.expect_ghost("nt(answer)")
    left.press("Tab")
    left.expect_source(0, "print(answer)")
    right.reveal()
    right.expect_source(0, "total = su")
    right.expect_no_ghost()
    right.edit(0)
    right.type("m")
    right.expect_ghost("(values)")
    assert left.requests[0]["document"] != left.requests[-1]["document"]
