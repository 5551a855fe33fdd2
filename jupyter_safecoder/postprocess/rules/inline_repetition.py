"""Stop rule: the answer repeats itself within a line."""

from __future__ import annotations

import re
from collections.abc import Sequence

from jupyter_safecoder.postprocess.lines import Line, StopDecision

#: A string of up to 32 characters, six times or more.
_REPEATED = re.compile(r"(\S[^\n]{0,31}?)\1{5,}")
#: From how many repetitions on the answer ends: of words, of items of a list, and of a single
#: character (as many as the ruler is long).
_MAX_WORDS, _MAX_ITEMS, _MAX_RULER = 6, 20, 100


def inline_repetition(lines: Sequence[Line]) -> StopDecision | None:
    """End after the first of the repeated strings.

    Six times ``np.`` is not code. Strings with a comma or a space are items of a list or a format
    and may come more often; a single character may fill a ruler.
    """
    line = lines[-1]
    # The user may have typed a ruler in the cursor's line: only the part of the answer counts.
    text = line.text[len(line.text) - (line.end - line.start) :]
    for match in _REPEATED.finditer(text):
        if len(match[0]) // len(match[1]) >= _max_repetitions(match[1]):
            return StopDecision(line.start + match.end(1), "repeat")
    return None


def _max_repetitions(text: str) -> int:
    if len(set(text)) == 1:
        return _MAX_RULER // len(text)
    is_item = "," in text or " " in text or not any(map(str.isalpha, text))
    return _MAX_ITEMS if is_item else _MAX_WORDS
