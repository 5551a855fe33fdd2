"""Finds the secrets and personal data of a text, and replaces them: pure functions.

A value that looks like a key is replaced even where it is a checksum: a false positive costs less
than a key in a model. Secrets are reported by kind and cell, never by value.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from .entropy import find_random
from .literals import Literals
from .named_values import COMMON_WORDS, find_named_values, is_secret_name, other_text, secret_of
from .personal_data import find_email_addresses, find_ip_addresses
from .rules import find_by_form
from .secret import Secret

#: A shorter secret is replaced in its own document only: elsewhere it may be an ordinary word.
_MIN_SHARED_CHARACTERS = 6
#: A shorter part of a key gives nothing away.
_MIN_PART_CHARACTERS = 3


def find_secrets(text: str, *, code: bool) -> list[Secret]:
    """Return the secrets of a text, the longest first.

    Parameters
    ----------
    text
        The text of a cell, or of its output.
    code
        Whether it is code, where ``password = name`` assigns no secret.
    """
    found = {secret.value: secret for secret in reversed(list(_candidates(text, code=code)))}
    return sorted(found.values(), key=lambda secret: -len(secret.value))


def redact(text: str, secrets: Iterable[Secret]) -> str:
    """Return a text with a placeholder for each occurrence of a secret.

    Parameters
    ----------
    text
        Any text.
    secrets
        The longest first, so that none is split by a shorter one that it contains.
    """
    for secret in secrets:
        if secret.value in text:
            text = _pattern(secret.value).sub(lambda _: secret.placeholder, text)  # noqa: B023
    return text


def is_distinctive(secret: Secret) -> bool:
    """Return whether a value is hardly anything else, so that it is replaced in all documents."""
    value = secret.value
    return len(value) >= _MIN_SHARED_CHARACTERS and value.casefold() not in COMMON_WORDS


def _candidates(text: str, *, code: bool) -> Iterator[Secret]:
    yield from _find_keys(text)
    yield from find_named_values(text, code=code)
    yield from find_ip_addresses(text)
    literals = _parse(text) if code else None
    # Outside of strings and comments ``a@b.c`` multiplies matrices.
    for part in other_text(text) if literals else [text]:
        yield from find_email_addresses(part)
    if literals:
        for name, value in literals.assigned(is_secret_name):
            yield from secret_of(name, value)
        for parts in literals.concatenated():
            yield from _find_split_keys(parts)


def _parse(code: str) -> Literals | None:
    try:
        return Literals(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _find_keys(text: str) -> Iterator[Secret]:
    yield from find_by_form(text)
    yield from find_random(text)


def _find_split_keys(parts: Sequence[str]) -> Iterator[Secret]:
    """Yield the keys of a concatenated string, and what each of its parts has of them."""
    whole = "".join(parts)
    for secret in _find_keys(whole):
        yield secret
        start_of_key = whole.index(secret.value)
        end_of_key, start = start_of_key + len(secret.value), 0
        for part in parts:
            shared = part[max(0, start_of_key - start) : max(0, end_of_key - start)]
            start += len(part)
            if len(shared) >= _MIN_PART_CHARACTERS and shared != secret.value:
                yield Secret(shared, secret.kind, secret.placeholder)


def _pattern(value: str) -> re.Pattern[str]:
    # Not within a longer word: the password "list" must not change "listed". MySQL's option -p is
    # followed by the password without a space.
    before = r"(?:(?<!\w)|(?<=\s-p))" if value[0].isalnum() else ""
    after = r"(?!\w)" if value[-1].isalnum() else ""
    return re.compile(before + re.escape(value) + after)
