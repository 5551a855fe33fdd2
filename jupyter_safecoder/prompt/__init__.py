"""Prompts: a notebook and a cursor as token ids, within a budget, in a FIM layout.

Pure functions: no input or output, no model, no Jupyter.
"""

from .budget import CHARACTERS_PER_TOKEN, Budget, completion_room
from .build import Prompt, build_prompt
from .families import FAMILIES, FimFamily, detect_family
from .layouts import LAYOUTS
from .tokenizer import Tokenizer, stop_ids
from .window import tail

__all__ = [
    "CHARACTERS_PER_TOKEN",
    "FAMILIES",
    "LAYOUTS",
    "Budget",
    "FimFamily",
    "Prompt",
    "Tokenizer",
    "build_prompt",
    "completion_room",
    "detect_family",
    "stop_ids",
    "tail",
]
