"""From what the model has written so far to the text to insert, and when to stop writing.

Pure functions: no input or output, no model, no Jupyter. Each stop rule is one file; `AnswerFilter`
reads the answer a line at a time, as it was written, and the first rule that objects ends it.
"""

from .answer_filter import AnswerFilter, FilteredAnswer
from .filter_input import FilterInput, FinishReason, Mode
from .mode import mode_at

__all__ = ["AnswerFilter", "FilterInput", "FilteredAnswer", "FinishReason", "Mode", "mode_at"]
