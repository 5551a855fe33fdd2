"""Lines of an answer."""

from __future__ import annotations

import pytest

from jupyter_safecoder.postprocess import FilterInput
from jupyter_safecoder.postprocess.cursor_context import analyze_cursor
from jupyter_safecoder.postprocess.lines import split_lines

CONTEXT = analyze_cursor(FilterInput("x = f(", "", "python", "block", 9))


def test_the_first_line_includes_the_cursors_line() -> None:
    first, second = split_lines("a,\n  b)", CONTEXT, final=False)
    assert (first.text, first.first, first.start, first.end) == ("x = f(a,", True, 0, 2)
    assert (second.text, second.first, second.start, second.end) == ("  b)", False, 3, 7)


def test_each_line_knows_what_is_open_around_it() -> None:
    first, second = split_lines("[a,\n  b])", CONTEXT, final=False)
    assert (first.before.brackets, first.after.brackets) == ("(", "([")
    assert (second.before.brackets, second.after.brackets) == ("([", "")


@pytest.mark.parametrize(
    ("answer", "final", "complete"),
    [
        ("a\nb", False, [True, False]),
        ("a\nb", True, [True, True]),
        ("a\n", True, [True, False]),
        ("a\n  ", True, [True, False]),
        ("", True, [False]),
    ],
)
def test_only_a_line_with_text_is_completed_by_the_end(
    answer: str, final: bool, complete: list[bool]
) -> None:
    assert [line.complete for line in split_lines(answer, CONTEXT, final=final)] == complete
