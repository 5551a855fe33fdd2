"""Replaces secrets and personal data by placeholders: pure functions."""

from __future__ import annotations

from collections.abc import Iterable

from .secret import Secret
from .spread import find_values


def redact(text: str, secrets: Iterable[Secret]) -> str:
    """Return a text with a placeholder for each occurrence of a secret's value.

    Parameters
    ----------
    text
        Any text.
    secrets
        What to replace, wherever it stands in the text outside of longer words.
    """
    return replace_spans(text, find_values(text, list(secrets)))


def replace_spans(text: str, secrets: Iterable[Secret]) -> str:
    """Return a text with a placeholder at the place of each secret.

    Parameters
    ----------
    text
        What the secrets were found in.
    secrets
        None may overlap another.
    """
    parts, end = [], 0
    for secret in sorted(secrets, key=lambda one: one.start):
        if secret.start >= end:
            parts += [text[end : secret.start], secret.placeholder]
            end = secret.end
    return "".join([*parts, text[end:]])
