"""Stop rule: the model is too unsure of the line."""

from __future__ import annotations

from collections.abc import Sequence

from jupyter_safecoder.postprocess.confidence import ScoredToken, span_logprob
from jupyter_safecoder.postprocess.lines import Line, StopDecision


def low_confidence(
    lines: Sequence[Line], tokens: Sequence[ScoredToken], min_logprob: float, *, cut_off: bool
) -> StopDecision | None:
    """End before a line whose log-probability is below the minimum.

    Until a line is complete, it is held back: the tokens to come lower its log-probability.

    Parameters
    ----------
    lines
        The lines of the answer so far.
    tokens
        Its tokens, with ends in the answer.
    min_logprob
        The minimum.
    cut_off
        Whether a limit has ended the last line.
    """
    line = lines[-1]
    if line.start == line.end:
        return None
    # Without the indentation; the text of the first line includes what the user typed.
    start = max(line.start, line.end - len(line.text.lstrip()))
    if span_logprob(tokens, start, line.end) < min_logprob:
        return StopDecision(line.start, "low_confidence")
    if line.complete or cut_off:
        return None
    return StopDecision(line.start, "low_confidence", is_final=False)
