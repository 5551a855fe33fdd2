"""The protocols of other editors' completions: requests in, responses out.

Pure functions, apart from what request handlers share.
"""

from .llama_cpp import COMPLETION, INFILL, props_body
from .mistral import FIM
from .openai import OPENAI
from .protocol import Answer, EditorProtocol, Part

__all__ = [
    "COMPLETION",
    "FIM",
    "INFILL",
    "OPENAI",
    "PROTOCOLS",
    "Answer",
    "EditorProtocol",
    "Part",
    "props_body",
]

#: All of them; each has a path of its own.
PROTOCOLS: tuple[EditorProtocol, ...] = (OPENAI, FIM, INFILL, COMPLETION)
