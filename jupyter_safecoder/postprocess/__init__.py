"""Postprocessing: from what the model has written so far to the text to insert, and when to stop.

Pure functions: no input or output, no model, no Jupyter. Each rule is a file in ``rules``.
``AnswerFilter`` applies them to the answer line by line, as it is written; the first stop rule that
applies ends it.
"""

from .answer_filter import AnswerFilter, FilteredAnswer
from .confidence import (
    DEFAULT_CALIBRATION,
    MIN_PROBABILITIES,
    Calibration,
    ScoredToken,
    first_line_logprob,
)
from .filter_input import FilterInput, FinishReason, Mode
from .mode import mode_at

__all__ = [
    "DEFAULT_CALIBRATION",
    "MIN_PROBABILITIES",
    "AnswerFilter",
    "Calibration",
    "FilterInput",
    "FilteredAnswer",
    "FinishReason",
    "Mode",
    "ScoredToken",
    "first_line_logprob",
    "mode_at",
]
