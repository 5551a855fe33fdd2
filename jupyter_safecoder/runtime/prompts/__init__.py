"""What a request becomes before its prompt is built, and what its prompt had: pure functions."""

from .inspection import inspect_prompt
from .masking import mask_file, mask_request, suggests_secret

__all__ = ["inspect_prompt", "mask_file", "mask_request", "suggests_secret"]
