"""What a team says of its files."""

from __future__ import annotations

import pytest

from jupyter_safecoder.finetune.corpus.rules import CorpusRules
from jupyter_safecoder.finetune.recipe import Recipe


@pytest.mark.parametrize(
    ("pattern", "line", "owns"),
    [
        ("Example Energy GmbH", "# Copyright (c) 2020-2024 Example Energy GmbH, Köln", True),
        ("example energy", "Copyright EXAMPLE   ENERGY", True),
        ("Example*GmbH", "© Example Wind & Sun GmbH", True),
        ("*Energy*", "Copyright Example Energy", True),
        ("Example", "Copyright Examples Ltd", False),
        ("GmbH*Example", "© Example GmbH", False),
        ("", "© Example GmbH", False),
        ("*", "© Example GmbH", False),
        ("a.b", "© axb", False),
    ],
)
def test_the_owner_of_a_notice(pattern: str, line: str, owns: bool) -> None:
    assert CorpusRules(own=[pattern]).owns_notice(line) is owns
    assert CorpusRules(own=["other", pattern]).owns_notice(line) is owns


def test_a_license_of_ones_own() -> None:
    rules = CorpusRules(own=["LicenseRef-Firm-*"])
    assert rules.owns_license("licenseref-firm-internal")
    assert not rules.owns_license("LicenseRef-Other")
    assert CorpusRules(ours=True).owns_license("GPL-3.0-only")


def test_the_rules_of_a_recipe() -> None:
    recipe = Recipe(own=["a"], ours=True, include_generated=True)
    assert CorpusRules.of(recipe) == CorpusRules(("a",), True, True)
    assert CorpusRules.of(Recipe()) == CorpusRules()
