"""Finds, describes and verifies models."""

from .cache import cache_directory
from .description import GgufContent, ModelDescription, ModelFile, read_description
from .integrity import verify_files
from .parameters import count_parameters, format_gb, kv_values
from .resolve import AUTO_MODEL, EMBEDDED, resolve_model

__all__ = [
    "AUTO_MODEL",
    "EMBEDDED",
    "GgufContent",
    "ModelDescription",
    "ModelFile",
    "cache_directory",
    "count_parameters",
    "format_gb",
    "kv_values",
    "read_description",
    "resolve_model",
    "verify_files",
]
