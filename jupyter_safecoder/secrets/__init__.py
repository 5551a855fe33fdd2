"""Redaction: secrets and personal data of notebooks are replaced by placeholders."""

from .redact import find_secrets, is_distinctive, redact
from .secret import PLACEHOLDERS, Secret

__all__ = ["PLACEHOLDERS", "Secret", "find_secrets", "is_distinctive", "redact"]
