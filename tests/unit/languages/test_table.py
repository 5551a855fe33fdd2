"""The table of languages."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from jupyter_safecoder.languages.table import languages, magic_languages, syntax_rules


@pytest.mark.parametrize("attribute", ["names", "extensions", "magics"])
def test_each_name_is_of_one_language_and_in_lower_case(attribute: str) -> None:
    found = Counter(key for one in languages().values() for key in getattr(one, attribute))
    assert [key for key, number in found.items() if number > 1 or key != key.lower()] == []


def test_a_magic_has_no_name_of_a_language() -> None:
    names = {name: one.name for one in languages().values() for name in one.names}
    assert {m for m, language in magic_languages().items() if names.get(m) == language} == set()


@pytest.mark.parametrize("language", [*languages(), "unknown"])
def test_the_rules_of_a_language_are_complete(language: str) -> None:
    rules = syntax_rules(language)
    assert rules.blocks in ("indent", "brace", "keyword")
    assert bool(rules.closer) == (rules.blocks == "keyword")
    assert bool(rules.opener) == (rules.blocks != "brace")
    for form in rules.strings:
        assert form.open or form.pattern
        assert form.close or form.end
        re.compile(
            "|".join((form.pattern, form.end, form.escape)).replace(r"\1", "").replace(r"\2", "")
        )


@pytest.mark.parametrize(
    ("language", "blocks"),
    [
        *(("python", "indent"), ("cython", "indent"), ("julia", "keyword"), ("bash", "keyword")),
        *(("r", "brace"), ("scala", "brace"), ("javascript", "brace"), ("c++", "brace")),
        *(("rust", "brace"), ("go", "brace"), ("ruby", "keyword")),
    ],
)
def test_what_ends_a_block(language: str, blocks: str) -> None:
    assert syntax_rules(language).blocks == blocks
