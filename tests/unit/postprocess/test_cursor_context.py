"""What the rules know of the cell around the cursor."""

from __future__ import annotations

import pytest

from jupyter_safecoder.postprocess import FilterInput
from jupyter_safecoder.postprocess.cursor_context import (
    CursorContext,
    analyze_cursor,
    indent_width,
)


def _context(prefix: str, suffix: str = "") -> CursorContext:
    return analyze_cursor(FilterInput(prefix, suffix, "python", "block", 9))


@pytest.mark.parametrize(
    ("line", "width"), [("x", 0), ("    x", 4), ("\tx", 8), ("  \tx", 8), ("\t  x", 10), ("   ", 3)]
)
def test_indent_width(line: str, width: int) -> None:
    assert indent_width(line) == width


def test_lines_around_the_cursor() -> None:
    context = _context("a\n\nb  \n  c", "d  \n\n  e\nf")
    assert (context.line, context.rest) == ("  c", "d")
    assert context.above == ("a", "b")
    assert context.below == "  e"
    assert not context.blank
    assert _context("a\n  ").blank


@pytest.mark.parametrize(
    ("prefix", "suffix", "pending"),
    [
        ("f(g(", "))", 2),
        ("f(g(", ")", 1),
        ("f(", "))", 1),
        ("f(", "", 0),
        ("f(", "(x))", 1),
        ("f('", "')", 1),
    ],
)
def test_brackets_that_the_suffix_closes(prefix: str, suffix: str, pending: int) -> None:
    assert _context(prefix, suffix).pending_closers == pending


@pytest.mark.parametrize(
    ("prefix", "suffix", "closes"),
    [("x = '", "'", True), ("x = '", "", False), ("x = '", "\n'", False), ("x = ", "'a'", False)],
)
def test_a_string_that_the_rest_of_the_line_closes(prefix: str, suffix: str, closes: bool) -> None:
    assert _context(prefix, suffix).closes_quote == closes


@pytest.mark.parametrize(
    ("prefix", "statement", "header"),
    [
        ("if x:\n    ", 4, 0),
        ("if x:\n    # why\n    ", 4, 0),
        ("if x:\n    y = f(\n        ", 4, None),
        ("x = 1\n", 0, None),
    ],
)
def test_the_statement_and_its_header(prefix: str, statement: int, header: int | None) -> None:
    context = _context(prefix)
    assert (context.statement, context.header) == (statement, header)
