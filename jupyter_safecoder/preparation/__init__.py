"""Checkpoints made ready for an engine: exported and quantized once, kept, found again at once."""

from .prepare import needs_preparation, prepare
from .store import Prepared, Store

__all__ = ["Prepared", "Store", "needs_preparation", "prepare"]
