"""Converts models for an engine: exports and quantizes each once, and finds it again."""

from .converter import convert, estimate_model, find_converted, find_shortage, needs_conversion
from .store import Conversion, ConvertedModel, Store
from .writable_copy import ensure_writable_copy

__all__ = [
    "Conversion",
    "ConvertedModel",
    "Store",
    "convert",
    "ensure_writable_copy",
    "estimate_model",
    "find_converted",
    "find_shortage",
    "needs_conversion",
]
