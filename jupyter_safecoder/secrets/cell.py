"""Finds the secrets of one text: of a cell, or of its output.

A value that looks like a key is taken for one even where it is a checksum: a false positive costs
less than a key in a model. What is known of a text is kept: a changed cell costs only itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

from jupyter_safecoder.kept_texts import cached_texts

from .entropy import find_random, find_random_passwords
from .literals import FRAGMENT, Literal, Literals
from .named_values import find_named_values, other_regions, secret_of
from .names import has_secret_name, is_password_name, is_secret_name, is_weak_name
from .personal_data import find_account_numbers, find_email_addresses, find_ip_addresses
from .python_uses import CALL_HINTS, find_used_values, is_usable, secret_from, shows_secret
from .rules import find_by_form
from .secret import EMAIL, KEY, PASSWORD, Secret
from .sentences import find_in_sentences
from .tables import find_in_columns

#: A longer text is not searched: it is left out of a corpus.
MAX_CHARACTERS = 100_000
#: A shorter part of a key gives nothing away.
_MIN_PART_CHARACTERS = 3
#: Texts that are kept with what was found in them.
_MAX_KEPT = 1024
#: A part of each word for which the grammar is read.
_USE_HINTS = (*CALL_HINTS, "://")
#: An e-mail address, or the product of matrices.
_MULTIPLIED = re.compile(r"\w@\w")


@dataclass(frozen=True)
class TextSecrets:
    """What one text has.

    Parameters
    ----------
    found
        Its secrets; one may be a part of another.
    whole
        Secrets that it has in parts only.
    missing
        Names that are used as a secret and that other cells may assign, with whether any value of
        theirs is one.
    shows_secret
        Whether it is code whose output is a secret.
    """

    found: tuple[Secret, ...] = ()
    whole: tuple[Secret, ...] = ()
    missing: Mapping[str, bool] = field(default_factory=dict)
    shows_secret: bool = False


@cached_texts(_MAX_KEPT)
def search(text: str, *, code: bool) -> TextSecrets:
    """Return the secrets of a text, and what other texts of its document need.

    Parameters
    ----------
    text
        The text of a cell, or of its output; a longer one than :data:`MAX_CHARACTERS` has none.
    code
        Whether it is code, where ``password = name`` assigns no secret.
    """
    if not text or len(text) > MAX_CHARACTERS:
        return TextSecrets()
    literals = _parse(text) if code and _needs_grammar(text) else None
    missing: dict[str, bool] = {}
    candidates = list(_candidates(text, code=code, literals=literals, missing=missing))
    return TextSecrets(
        found=tuple(one for one in candidates if one.start >= 0),
        whole=tuple(one for one in candidates if one.start < 0),
        missing=missing,
        shows_secret=bool(literals and shows_secret(literals)),
    )


def find_secrets(text: str, *, code: bool) -> list[Secret]:
    """Return the distinct secrets of a text, the longest first.

    Parameters
    ----------
    text
        The text of a cell, or of its output.
    code
        Whether it is code, where ``password = name`` assigns no secret.
    """
    searched = search(text, code=code)
    found = {secret.value: secret for secret in (*searched.whole, *searched.found)}
    return sorted(found.values(), key=lambda secret: -len(secret.value))


def merged(text: str, secrets: Iterable[Secret]) -> tuple[Secret, ...]:
    """Return secrets by their start; of those that overlap, the union as one.

    An address that overlaps a password is none: in ``https://anna:password@host`` the password and
    the host resemble one.

    Parameters
    ----------
    text
        What they are in.
    secrets
        In any order. Of two for the same characters, the first decides the kind.
    """
    kept: list[Secret] = []
    given = [*secrets]
    keys = [one for one in given if one.placeholder in (KEY, PASSWORD)]
    for address in [one for one in given if one.placeholder == EMAIL]:
        if any(one.start < address.end and address.start < one.end for one in keys):
            given.remove(address)
    # The sort is stable: of two with the same place, the first stays first.
    for secret in sorted(given, key=lambda one: (one.start, -one.end)):
        last = kept[-1] if kept else None
        if last is None or secret.start >= last.end:
            kept.append(secret)
        elif secret.end > last.end:
            longer = max(last, secret, key=lambda one: len(one.value))
            value = text[last.start : secret.end]
            kept[-1] = Secret(value, longer.kind, longer.placeholder, last.start)
    return tuple(kept)


def _candidates(
    text: str, *, code: bool, literals: Literals | None, missing: dict[str, bool]
) -> Iterator[Secret]:
    yield from find_by_form(text)
    yield from find_named_values(text, code=code)
    yield from find_random(text)
    yield from find_random_passwords(text)
    yield from find_ip_addresses(text)
    yield from find_account_numbers(text)
    yield from find_in_sentences(text, code=code)
    # Outside of strings and comments ``a@b.c`` multiplies matrices.
    regions = other_regions(text) if literals and "@" in text else [(0, len(text))]
    for start, end in regions:
        for secret in find_email_addresses(text[start:end]):
            yield Secret(secret.value, secret.kind, secret.placeholder, start + secret.start)
    if not code:
        yield from find_in_columns(text)
    if literals:
        yield from _find_by_grammar(literals, missing)


def _find_by_grammar(literals: Literals, missing: dict[str, bool]) -> Iterator[Secret]:
    names: dict[str, str] = {}
    for name, literal in literals.assigned(is_secret_name, names):
        yield from secret_of(name, literal.text, start=literal.start)
    for name, secret_name in names.items():
        missing[name] = is_password_name(secret_name) and not is_weak_name(secret_name)
    yield from find_used_values(literals, missing)
    if literals.has_fragment():
        for parts in literals.concatenated():
            yield from _find_split_keys(parts)


def _needs_grammar(code: str) -> bool:
    """Return whether a cell has a word that makes a value secret, or a part of a key."""
    lowered = code.lower()
    if any(word in lowered for word in _USE_HINTS) or has_secret_name(code):
        return True
    return bool(FRAGMENT.search(code) or _MULTIPLIED.search(code))


def _parse(code: str) -> Literals | None:
    try:
        return Literals(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _find_split_keys(parts: Sequence[Literal]) -> Iterator[Secret]:
    """Yield the keys of a concatenated string, and what each of its parts has of them."""
    whole = "".join(part.text for part in parts)
    for secret in chain(find_by_form(whole), find_random(whole)):
        yield Secret(secret.value, secret.kind, secret.placeholder)
        start = 0
        for part in parts:
            first, last = max(0, secret.start - start), max(0, secret.end - start)
            shared = part.text[first:last]
            start += len(part.text)
            if len(shared) >= _MIN_PART_CHARACTERS and part.start >= 0:
                yield Secret(shared, secret.kind, secret.placeholder, part.start + first)


@cached_texts(_MAX_KEPT)
def _constants(code: str) -> Mapping[str, tuple[Literal, ...]]:
    literals = _parse(code)
    return literals.constants() if literals else {}


def resolve(code: str, missing: Mapping[str, bool]) -> Iterator[Secret]:
    """Yield the literals of a cell that names of other cells stand for.

    Parameters
    ----------
    code
        The text of the cell.
    missing
        Names that other cells use as a secret, with whether any value of theirs is one.
    """
    if not any(name in code for name in missing) or len(code) > MAX_CHARACTERS:
        return
    constants = _constants(code)
    for name in missing.keys() & constants.keys():
        for literal in constants[name]:
            if literal.start >= 0 and is_usable(literal.text, certain=missing[name]):
                yield secret_from(literal)
