"""Stop rule: an answer ends before a character that cannot be seen."""

from __future__ import annotations

from jupyter_safecoder.invisible import is_invisible
from jupyter_safecoder.postprocess.filter_input import FilterInput


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
        if is_invisible(character) and character not in request.prefix:
            return at
    return None
