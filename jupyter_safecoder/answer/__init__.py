"""From what the model has written so far to the text to insert, and when to stop writing.

Pure functions: no input or output, no model, no Jupyter. Each stop rule is one file; `Judge`
reads the answer a line at a time, as it was written, and the first rule that objects ends it.
"""

from .extent import extent_at
from .judge import Judge, Judgement
from .situation import Extent, FinishReason, Situation

__all__ = ["Extent", "FinishReason", "Judge", "Judgement", "Situation", "extent_at"]
