"""Converts checkpoints for an engine: exported and quantized once, kept, found again at once."""

from .converter import convert, find_converted, needs_conversion
from .store import ConvertedModel, Store
from .writable_copy import ensure_writable_copy

__all__ = [
    "ConvertedModel",
    "Store",
    "convert",
    "ensure_writable_copy",
    "find_converted",
    "needs_conversion",
]
