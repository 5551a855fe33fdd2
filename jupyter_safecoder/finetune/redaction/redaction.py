"""Secrets and personal data become StarCoder's placeholders: pure functions over text.

The placeholders are those of StarCoder's training data (Li et al. 2023, arXiv:2305.06161, section
4.4). What is found is told as a kind and a place, never as a value. Better once too often than a
key in a model: a value that looks like one is replaced even where it is a checksum.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from .literals import Literals
from .names import WORDS, assigned, judge, names_secret, words_in
from .patterns import KEY_LINE, KEY_LINES, PRIVATE_KEY, SHAPES, STRING, look_random
from .personal_data import email_addresses, ip_addresses

#: A value found once is replaced wherever it stands, unless it is as short as this.
_SHORT = 6
#: Less than so many characters of a key give nothing away.
_TORN = 3


@dataclass(frozen=True)
class Secret:
    """A value that must not be learned; ``kind`` is for people, ``placeholder`` for the model."""

    value: str
    kind: str
    placeholder: str


def find_secrets(text: str, *, code: bool) -> list[Secret]:
    """Return the secrets of a text, the longest first.

    Parameters
    ----------
    text
        Of a cell, or of its output.
    code
        Whether it is code, where ``password = name`` assigns no secret.
    """
    found = {secret.value: secret for secret in reversed(list(_candidates(text, code=code)))}
    return sorted(found.values(), key=lambda secret: -len(secret.value))


def redact(text: str, secrets: Iterable[Secret]) -> str:
    """Return a text with a placeholder in the place of every secret.

    Parameters
    ----------
    text
        Any text.
    secrets
        The longest first, so that none is torn by one that it contains.
    """
    for secret in secrets:
        if secret.value in text:
            text = _pattern(secret.value).sub(lambda _: secret.placeholder, text)  # noqa: B023
    return text


def spreads(secret: Secret) -> bool:
    """Say whether a value is so much of its own that it is replaced in every other document too."""
    value = secret.value
    return len(value) >= _SHORT and value.casefold() not in WORDS


def _candidates(text: str, *, code: bool) -> Iterator[Secret]:
    yield from _formed(text)
    yield from (Secret(*found) for found in assigned(text, code=code))
    yield from (Secret(*found) for found in ip_addresses(text))
    literals = _literals(text) if code else None
    # Outside of strings ``a@b.c`` is a product of matrices.
    for place in words_in(text) if literals else [text]:
        yield from (Secret(*found) for found in email_addresses(place))
    yield from _detected(text)
    if literals:
        for name, value in literals.named(names_secret):
            yield from (Secret(*found) for found in judge(name, value))
        for pieces in literals.joined():
            yield from _torn(pieces)


def _literals(code: str) -> Literals | None:
    try:
        return Literals(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _formed(text: str) -> Iterator[Secret]:
    for kind, placeholder, pattern in SHAPES:
        for match in pattern.finditer(text):
            yield Secret(match["value"], kind, placeholder)
            if kind == PRIVATE_KEY:
                # A line of it is as secret where it stands alone.
                for line in KEY_LINES.split(match["value"]):
                    if len(line) >= KEY_LINE and " " not in line:
                        yield Secret(line, kind, placeholder)
    yield from (Secret(value, "high entropy", "<KEY>") for value in look_random(text))


def _torn(pieces: Sequence[str]) -> Iterator[Secret]:
    """Yield a key that pieces of a string make together, and the part that each has of it."""
    whole = "".join(pieces)
    for secret in _formed(whole):
        yield secret
        first = whole.index(secret.value)
        last, start = first + len(secret.value), 0
        for piece in pieces:
            part = piece[max(0, first - start) : max(0, last - start)]
            start += len(piece)
            if len(part) >= _TORN and part != secret.value:
                yield Secret(part, secret.kind, secret.placeholder)


def _detected(text: str) -> Iterator[Secret]:
    """Yield what detect-secrets finds in lines that hold a string."""
    from detect_secrets.core.scan import scan_line
    from detect_secrets.settings import transient_settings

    lines = [line for line in text.split("\n") if STRING.search(line)]
    if not lines:
        return
    with transient_settings({"plugins_used": [{"name": name} for name in _PLUGINS]}):
        for line in lines:
            for secret in scan_line(line):
                value = secret.secret_value
                if value and len(value) >= _SHORT and value in text:
                    yield Secret(value, secret.type.casefold(), "<KEY>")


def _pattern(value: str) -> re.Pattern[str]:
    # Not within a longer word: the password "list" must not change "listed".
    before = r"(?<!\w)" if value[0].isalnum() else ""
    after = r"(?!\w)" if value[-1].isalnum() else ""
    return re.compile(before + re.escape(value) + after)


#: Those of detect-secrets whose finds are keys by their form; entropy and keywords are ours.
_PLUGINS = (
    "ArtifactoryDetector",
    "AWSKeyDetector",
    "AzureStorageKeyDetector",
    "CloudantDetector",
    "DiscordBotTokenDetector",
    "GitHubTokenDetector",
    "GitLabTokenDetector",
    "IbmCloudIamDetector",
    "IbmCosHmacDetector",
    "JwtTokenDetector",
    "MailchimpDetector",
    "NpmDetector",
    "OpenAIDetector",
    "PypiTokenDetector",
    "SendGridDetector",
    "SlackDetector",
    "SoftlayerDetector",
    "SquareOAuthDetector",
    "StripeDetector",
    "TelegramBotTokenDetector",
    "TwilioKeyDetector",
)
