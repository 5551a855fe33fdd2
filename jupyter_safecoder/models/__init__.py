"""Find, describe and verify a model."""

from .description import ModelDescription, ModelFile, read_description
from .finding import EMBEDDED, find_model
from .integrity import verify_files
from .problem import ModelProblem

__all__ = [
    "EMBEDDED",
    "ModelDescription",
    "ModelFile",
    "ModelProblem",
    "find_model",
    "read_description",
    "verify_files",
]
