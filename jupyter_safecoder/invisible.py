"""Characters that cannot be seen, and change how the text around them is shown."""

from __future__ import annotations

import unicodedata

#: Control and format characters, line and paragraph separators, and lone surrogates. They change
#: the order in which code is shown (Boucher and Anderson 2021, "Trojan Source", arXiv:2111.00169),
#: hide a part of it, or control a terminal.
_CATEGORIES = frozenset({"Cc", "Cf", "Zl", "Zp", "Cs"})


def is_invisible(character: str) -> bool:
    """Return whether a character is one of them; tabs and newlines are not."""
    return (
        not character.isprintable()
        and character not in "\t\n"
        and unicodedata.category(character) in _CATEGORIES
    )
