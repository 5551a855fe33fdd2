"""A secret that was found, and the placeholders that replace secrets.

The placeholders are those of StarCoder's training data (Li et al. 2023, arXiv:2305.06161, section
4.4), and one for numbers of accounts, cards and telephones.
"""

from __future__ import annotations

from dataclasses import dataclass, field

KEY, PASSWORD, EMAIL, IP_ADDRESS = "<KEY>", "<PASSWORD>", "<EMAIL>", "<IP_ADDRESS>"
NUMBER = "<NUMBER>"
PLACEHOLDERS = (KEY, PASSWORD, EMAIL, IP_ADDRESS, NUMBER)
#: What is masked in prompts. Addresses and numbers stay: people complete code with them.
MASKED = (KEY, PASSWORD)


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
    start
        Where it starts in its text, in characters; -1 for a value that is not in the text as a
        whole, because it is concatenated from parts.
    """

    value: str = field(repr=False)
    kind: str
    placeholder: str = KEY
    start: int = field(default=-1, compare=False)

    @property
    def end(self) -> int:
        """Where it ends in its text."""
        return self.start + len(self.value)
