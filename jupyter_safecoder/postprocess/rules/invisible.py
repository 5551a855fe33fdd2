"""Stop rule: an answer ends before a character that cannot be seen."""

from __future__ import annotations

import unicodedata

from jupyter_safecoder.postprocess.filter_input import FilterInput

#: Control and format characters, line and paragraph separators, and lone surrogates. They change
#: the order in which code is shown (Boucher and Anderson 2021, "Trojan Source", arXiv:2111.00169),
#: hide a part of it, or control a terminal.
_CATEGORIES = frozenset({"Cc", "Cf", "Zl", "Zp", "Cs"})


def find_invisible(answer: str, request: FilterInput) -> int | None:
    """Return where the first such character is in an answer; ``None`` if there is none.

    Tabs and newlines are text, and so are characters that the text before the cursor has already.

    Parameters
    ----------
    answer
        The text that the model has written.
    request
        The request.
    """
    for at, character in enumerate(answer):
        if (
            not character.isprintable()
            and character not in "\t\n"
            and unicodedata.category(character) in _CATEGORIES
            and character not in request.prefix
        ):
            return at
    return None
