"""What happens to a suggestion by the license of its source: pure rules."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase

from jupyter_safecoder.protocol import LicenseAction, LicenseRules

#: From the most lenient action to the strictest.
_ACTIONS: tuple[LicenseAction, ...] = ("allow", "mark", "block")


def action_for(license: str, *rules: LicenseRules) -> LicenseAction:
    """Return what happens to code of a license: the strictest action that one of the rules has.

    Of an expression with ``OR`` a license may be chosen, so that the most lenient one counts; with
    ``AND`` all of them hold.

    Parameters
    ----------
    license
        An identifier or expression of SPDX.
    rules
        Rules that all hold.
    """
    return max((_action(license, one) for one in rules), key=_ACTIONS.index, default="allow")


def may_block(*rules: LicenseRules) -> bool:
    """Return whether one of the rules can block a suggestion."""
    return any(one.other == "block" or one.block for one in rules)


def _action(license: str, rules: LicenseRules) -> LicenseAction:
    choices = re.split(r"\s+OR\s+", license.replace("(", " ").replace(")", " ").strip())
    return min((_action_of_all(choice, rules) for choice in choices), key=_ACTIONS.index)


def _action_of_all(licenses: str, rules: LicenseRules) -> LicenseAction:
    names = re.split(r"\s+AND\s+", licenses)
    return max((_action_of_one(name, rules) for name in names), key=_ACTIONS.index)


def _action_of_one(license: str, rules: LicenseRules) -> LicenseAction:
    name = license.partition(" WITH ")[0].strip().casefold()
    # The strictest list first: a license in two of them is no reason to show more.
    for action, patterns in (("block", rules.block), ("mark", rules.mark), ("allow", rules.allow)):
        if any(fnmatchcase(name, pattern.casefold()) for pattern in patterns):
            return action  # type: ignore[return-value]  # mypy takes it for a string
    return rules.other
