"""What the project of a notebook knows: pure functions over the texts of its files."""

from .describe import describe_documents, describe_files, without_secrets
from .documents import Document, read_document
from .local_modules import LocalModule, describe_modules, mentioned_names
from .outline import Outline
from .python_source import decode_source
from .signatures import read_outline
from .snippets import pick_snippets
from .stub import write_stub

__all__ = [
    "Document",
    "LocalModule",
    "Outline",
    "decode_source",
    "describe_documents",
    "describe_files",
    "describe_modules",
    "mentioned_names",
    "pick_snippets",
    "read_document",
    "read_outline",
    "without_secrets",
    "write_stub",
]
