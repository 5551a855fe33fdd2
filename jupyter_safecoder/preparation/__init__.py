"""Checkpoints made ready for an engine: exported and quantized once, kept, found again at once."""

from .own_copy import own_copy
from .prepare import find_prepared, needs_preparation, prepare
from .store import Prepared, Store

__all__ = ["Prepared", "Store", "find_prepared", "needs_preparation", "own_copy", "prepare"]
