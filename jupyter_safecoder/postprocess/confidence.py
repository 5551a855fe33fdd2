"""How sure the model is of a line: the probability that it gave the line's tokens.

The log-probability of a line is the sum of those of its tokens. It only falls while the line is
written, so a line that the model is too unsure of is known before it is complete. A logistic
function, fitted for each model (``evaluation/calibration.py``), maps it to the probability that the
line is right.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

#: Minimum probability that a line is right, by the setting ``suggestions``.
MIN_PROBABILITIES: Mapping[str, float] = {"few": 0.3, "balanced": 0.1, "many": 0.0}


@dataclass(frozen=True)
class ScoredToken:
    """A token that the model has written.

    Parameters
    ----------
    end
        Length in characters of all text up to this token, itself included.
    logprob
        Natural logarithm of its probability.
    """

    end: int
    logprob: float


@dataclass(frozen=True)
class Calibration:
    """The logistic function from the log-probability of a line to that of being right.

    Parameters
    ----------
    intercept, slope
        Its coefficients; the slope is positive.
    """

    intercept: float
    slope: float

    def probability(self, logprob: float) -> float:
        """Return the probability, 0 to 1, that a line is right."""
        return 1 / (1 + math.exp(min(-self.intercept - self.slope * logprob, 700.0)))

    def min_logprob(self, probability: float) -> float:
        """Return the log-probability at which a line is right with a probability below 1."""
        if probability <= 0:
            return -math.inf
        return (math.log(probability / (1 - probability)) - self.intercept) / self.slope


#: For models that have none of their own: that of the embedded model.
DEFAULT_CALIBRATION = Calibration(intercept=-0.17, slope=0.79)


def span_logprob(tokens: Iterable[ScoredToken], start: int, end: int) -> float:
    """Return the log-probability of the tokens with characters from ``start`` up to ``end``."""
    total, before = 0.0, 0
    for token in tokens:
        if before < end and token.end > start:
            total += token.logprob
        before = token.end
    return total


def first_line_logprob(raw: str, tokens: Iterable[ScoredToken]) -> float | None:
    """Return the log-probability of the first line with text; ``None`` if there is none."""
    text = raw.lstrip()
    if not text:
        return None
    start = len(raw) - len(text)
    return span_logprob(tokens, start, start + len(text.splitlines()[0].rstrip()))
