"""Find, describe and verify a model."""

from .cache import cache_directory
from .description import ModelDescription, ModelFile, read_description
from .finding import EMBEDDED, find_model
from .integrity import verify_files
from .parameters import count_parameters, kv_values
from .problem import ModelProblem

__all__ = [
    "EMBEDDED",
    "ModelDescription",
    "ModelFile",
    "ModelProblem",
    "cache_directory",
    "count_parameters",
    "find_model",
    "kv_values",
    "read_description",
    "verify_files",
]
