"""Secrets: passwords, keys and personal data in cells are found, and replaced by placeholders."""

from .cell import MAX_CHARACTERS, find_secrets, merged, search
from .document import CellSecrets, Finding, find_in_cells, findings, is_too_large, search_cells
from .plausible import is_high_entropy
from .redact import redact, replace_spans
from .secret import MASKED, PLACEHOLDERS, Secret
from .spread import Spread, find_values, identifiers, is_distinctive

__all__ = [
    "MASKED",
    "MAX_CHARACTERS",
    "PLACEHOLDERS",
    "CellSecrets",
    "Finding",
    "Secret",
    "Spread",
    "find_in_cells",
    "find_secrets",
    "find_values",
    "findings",
    "identifiers",
    "is_distinctive",
    "is_high_entropy",
    "is_too_large",
    "merged",
    "redact",
    "replace_spans",
    "search",
    "search_cells",
]
