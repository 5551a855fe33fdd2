"""What a team says of its corpus: whose files they are, and whether generated ones count."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatch

from jupyter_safecoder.finetune.recipe import Recipe


@dataclass(frozen=True)
class CorpusRules:
    """Exceptions from what is left out of a corpus.

    Parameters
    ----------
    own
        Patterns of names of owners and of license identifiers that are the team's own; ``*`` stands
        for any characters.
    ours
        Whether all files are the team's own.
    include_generated
        Whether files that are marked as generated are learned from.
    """

    own: Sequence[str] = ()
    ours: bool = False
    include_generated: bool = False

    @classmethod
    def of(cls, recipe: Recipe) -> CorpusRules:
        """Return the rules that a recipe sets."""
        return cls(tuple(recipe.own), recipe.ours, recipe.include_generated)

    def owns_license(self, identifier: str) -> bool:
        """Return whether a license identifier is the team's own."""
        name = identifier.casefold()
        return self.ours or any(fnmatch(name, pattern.casefold()) for pattern in self.own)

    def owns_notice(self, line: str) -> bool:
        """Return whether a line of a notice names the team."""
        text = " ".join(line.split()).casefold()
        return self.ours or any(_names(pattern, text) for pattern in self.own)


#: No exceptions.
NO_RULES = CorpusRules()


def _names(pattern: str, text: str) -> bool:
    """Return whether a pattern is in a text, as whole words."""
    parts = " ".join(pattern.split()).casefold().split("*")
    if not any(parts):
        return False
    at = 0
    for number, part in enumerate(parts):
        found = _find_words(part, text, at, first=number == 0, last=number == len(parts) - 1)
        if found < 0:
            return False
        at = found + len(part)
    return True


def _find_words(part: str, text: str, at: int, *, first: bool, last: bool) -> int:
    """Return where a part is in a text; the first and the last one end at a word's border."""
    for match in re.finditer(re.escape(part), text[at:]):
        start, end = at + match.start(), at + match.end()
        if first and part[:1].isalnum() and text[:start][-1:].isalnum():
            continue
        if last and part[-1:].isalnum() and text[end : end + 1].isalnum():
            continue
        return start
    return -1
