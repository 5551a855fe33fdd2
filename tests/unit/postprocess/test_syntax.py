"""The syntax of languages."""

from __future__ import annotations

import pytest

from jupyter_safecoder.postprocess.syntax import syntax_of


@pytest.mark.parametrize(
    ("language", "comment", "by_indent"),
    [
        ("python", "#", True),
        ("bash", "#", False),
        ("sql", "--", False),
        ("julia", "#", False),
        ("rust", "//", False),
        ("unknown", "//", False),
    ],
)
def test_syntax_of(language: str, comment: str, by_indent: bool) -> None:
    syntax = syntax_of(language)
    assert (syntax.comment, syntax.by_indent) == (comment, by_indent)


@pytest.mark.parametrize("language", ["python", "bash", "sql", "r", "javascript"])
def test_longer_delimiters_are_matched_first(language: str) -> None:
    syntax = syntax_of(language)
    for token in (syntax.comment, *syntax.quotes, "(", "}"):
        match = syntax.token.match(token)
        assert match is not None
        assert match[0] == token
