"""Where parts of a completion are from, and what happens to them by license."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

#: What happens to a suggestion that is in an index of code.
LicenseAction = Literal["allow", "mark", "block"]


@dataclass(frozen=True)
class LicenseRules:
    """What happens to a suggestion that is in an index of code, by the license of its source.

    Parameters
    ----------
    other
        What happens where no list has the license.
    allow, mark, block
        Identifiers of SPDX; ``*`` stands for any characters.
    """

    other: LicenseAction = "mark"
    allow: tuple[str, ...] = ()
    mark: tuple[str, ...] = ()
    block: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> LicenseRules:
        """Return the rules that a valid JSON object describes."""
        lists = {name: tuple(data.get(name, ())) for name in ("allow", "mark", "block")}
        return cls(data.get("other", "mark"), **lists)


@dataclass(frozen=True)
class Attribution:
    """A part of a completion that is in an index of code.

    Parameters
    ----------
    source, path
        Package or corpus, and the file in it.
    license
        Identifier of SPDX, or ``NOASSERTION``.
    start, end
        The part, in characters of the text.
    kind
        Whether it is the same but for white space, or with other names and literals.
    """

    source: str
    path: str
    license: str
    start: int
    end: int
    kind: Literal["verbatim", "structure"]
