"""A secret that was found, and the placeholders that replace secrets.

The placeholders are those of StarCoder's training data (Li et al. 2023, arXiv:2305.06161, section
4.4).
"""

from __future__ import annotations

from dataclasses import dataclass, field

KEY, PASSWORD, EMAIL, IP_ADDRESS = "<KEY>", "<PASSWORD>", "<EMAIL>", "<IP_ADDRESS>"
PLACEHOLDERS = (KEY, PASSWORD, EMAIL, IP_ADDRESS)


@dataclass(frozen=True)
class Secret:
    """A value that must not be learned.

    Parameters
    ----------
    value
        The secret itself, which is never shown or written; the representation hides it.
    kind
        What it is, for reports: ``aws key``, ``password``, …
    placeholder
        What replaces it.
    """

    value: str = field(repr=False)
    kind: str
    placeholder: str = KEY
