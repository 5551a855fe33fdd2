"""What is open after a text."""

from __future__ import annotations

import pytest

from jupyter_safecoder.postprocess.nesting import Nesting, opens_block, scan_nesting
from jupyter_safecoder.postprocess.syntax import syntax_of


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("f([x", "python", Nesting(brackets="([")),
        ("f(x))]", "python", Nesting(surplus=2)),
        ("'(", "python", Nesting(quote="'")),
        ("'(\n", "python", Nesting()),  # a single-line string ends with its line
        ('"""(\n', "python", Nesting(quote='"""')),
        (r"'\'", "python", Nesting(quote="'")),
        ("x  # (é", "python", Nesting(comment=4)),
        ("x  # (\n", "python", Nesting()),
        ("x = 1 + \\\n", "python", Nesting(continued=True)),
        ("x /* (", "javascript", Nesting(quote="/*")),
        ("-- (", "sql", Nesting(comment=4)),
    ],
)
def test_scan_nesting(text: str, language: str, expected: Nesting) -> None:
    assert scan_nesting(text, syntax_of(language), Nesting()) == expected


@pytest.mark.parametrize("cut", range(14))
def test_a_scan_continues_where_another_ended(cut: int) -> None:
    text, syntax = 'f(["a", {1: "', syntax_of("python")
    first = scan_nesting(text[:cut], syntax, Nesting())
    assert scan_nesting(text[cut:], syntax, first) == scan_nesting(text, syntax, Nesting())


def test_faults_are_brackets_and_strings_that_do_not_match() -> None:
    assert scan_nesting("f(x]'", syntax_of("python"), Nesting()).faults == 3
    assert scan_nesting("f('x')", syntax_of("python"), Nesting()).faults == 0


@pytest.mark.parametrize(
    ("line", "language", "opens"),
    [
        ("if x:", "python", True),
        ("if x:  # why", "python", True),
        ("x = 1", "python", False),
        ("x = {1:", "python", False),
        ("for f in *; do", "bash", True),
        ("if (x) {", "javascript", False),
    ],
)
def test_opens_block(line: str, language: str, opens: bool) -> None:
    syntax = syntax_of(language)
    assert opens_block(line, scan_nesting(line, syntax, Nesting()), syntax) == opens
