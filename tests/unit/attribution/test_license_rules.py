"""The strictest rule that holds for a license counts."""

from __future__ import annotations

import pytest

from jupyter_safecoder.attribution.license_rules import action_for, may_block
from jupyter_safecoder.protocol import LicenseAction, LicenseRules

RULES = LicenseRules("mark", allow=("MIT", "BSD-*"), block=("*GPL-*", "NOASSERTION"))


@pytest.mark.parametrize(
    ("license", "expected"),
    [
        ("MIT", "allow"),
        ("mit", "allow"),
        ("BSD-3-Clause", "allow"),
        ("Apache-2.0", "mark"),
        ("GPL-3.0", "block"),
        ("LGPL-2.1-or-later", "block"),
        ("NOASSERTION", "block"),
        ("GPL-3.0 OR MIT", "allow"),
        ("(GPL-3.0 OR Apache-2.0)", "mark"),
        ("MIT AND GPL-3.0", "block"),
        ("MIT AND Apache-2.0 OR GPL-2.0", "mark"),
        ("GPL-2.0-only WITH Classpath-exception-2.0", "block"),
        ("", "mark"),
    ],
)
def test_the_action_for_a_license(license: str, expected: LicenseAction) -> None:
    assert action_for(license, RULES) == expected


def test_of_several_rules_the_strictest_counts() -> None:
    assert action_for("MIT", RULES, LicenseRules("block")) == "block"
    assert action_for("GPL-3.0", LicenseRules("allow"), RULES) == "block"
    assert action_for("MIT", LicenseRules(allow=("MIT",), block=("MIT",))) == "block"


def test_whether_anything_may_be_blocked() -> None:
    assert may_block(LicenseRules("mark"), RULES)
    assert may_block(LicenseRules("block"))
    assert not may_block(LicenseRules("mark"), LicenseRules("allow", mark=("MIT",)))
