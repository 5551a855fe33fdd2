"""The syntax of languages."""

from __future__ import annotations

import pytest

from jupyter_safecoder.languages.table import languages
from jupyter_safecoder.postprocess.nesting import Nesting, scan_nesting
from jupyter_safecoder.postprocess.syntax import syntax_of


@pytest.mark.parametrize(
    ("language", "comment", "by_indent"),
    [
        ("python", "#", True),
        ("bash", "#", False),
        ("sql", "--", False),
        ("julia", "#", False),
        ("rust", "//", False),
        ("text", "", False),
        ("unknown", "//", False),
    ],
)
def test_syntax_of(language: str, comment: str, by_indent: bool) -> None:
    syntax = syntax_of(language)
    assert (syntax.comment, syntax.by_indent) == (comment, by_indent)


@pytest.mark.parametrize("language", [*languages(), "unknown"])
def test_each_delimiter_is_recognized(language: str) -> None:
    syntax = syntax_of(language)
    for form in syntax.rules.strings:
        if form.open and not form.pattern:
            opened = scan_nesting(f" {form.open}", syntax, Nesting())
            assert opened.quote == form.open
            closed = scan_nesting(f"a{form.close}", syntax, opened)
            assert closed.quote == ""
    for comment in syntax.rules.comments:
        assert scan_nesting(f"{comment} (", syntax, Nesting()).comment == len(comment) + 2
    for bracket in "([{":
        assert scan_nesting(f" {bracket}", syntax, Nesting()) == Nesting(brackets=bracket)


def test_what_opened_a_string_is_known_to_its_language_alone() -> None:
    with pytest.raises(ValueError, match="No string of this language"):
        syntax_of("python").form_of("/*")
