"""Finds e-mail and IP addresses, bank accounts, and numbers of cards and telephones."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator

from .secret import EMAIL, IP_ADDRESS, NUMBER, Secret

_EMAIL = re.compile(
    r"(?<![\w.+-])(?P<value>[A-Za-z0-9][\w.+%-]{0,63}@(?:[A-Za-z0-9][A-Za-z0-9-]{0,62}\.){1,8}"
    r"(?P<top>[A-Za-z]{2,24}))(?![\w(\[])"
)
#: ``a@b.shape`` multiplies matrices.
_ATTRIBUTES = frozenset(
    {
        *("shape", "mean", "sum", "dot", "conj", "transpose", "values"),
        *("real", "imag", "inverse", "size", "flat", "copy"),
    }
)
_IPV4 = re.compile(r"(?<![\w.])(?P<value>(?:\d{1,3}\.){3}\d{1,3})(?![\w.]{0,20}\w)")
_IPV6 = re.compile(r"(?<![\w:.])(?P<value>(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{0,4})(?![\w:.])")
#: The text before four numbers with dots that are a version.
_VERSION = re.compile(r"(?:[=<>~!]=|\bv|version\W{0,8}|release\W{0,8})$", re.IGNORECASE)
#: ``[1000::2000]`` is a slice.
_SLICE = re.compile(r"\d{0,20}::\d{0,20}")
#: Addresses that identify no machine.
_PUBLIC = frozenset({"127.0.0.1", "0.0.0.0", "255.255.255.255", "255.255.255.0", "::1", "::"})  # noqa: S104
#: Characters before an address that are searched for a version.
_LOOKBEHIND = 24
#: ISO 13616: country, check digits, and an account, in groups of four or not.
_IBAN = re.compile(
    r"(?<![A-Za-z0-9])(?P<value>[A-Z]{2}\d{2}(?:[ ]?[A-Z0-9]{4}){2,7}(?:[ ]?[A-Z0-9]{1,3})?)"
    r"(?![A-Za-z0-9])"
)
#: ISO/IEC 7812: 15 or 16 digits of the large issuers, in groups or not.
_CARD = re.compile(
    r"(?<![\w.-])(?P<value>(?:4\d{3}|5[1-5]\d\d|2[2-7]\d\d|6011|65\d\d|35\d\d)"
    r"(?P<gap>[ -]?)\d{4}(?P=gap)\d{4}(?P=gap)\d{4}|3[47]\d{2}[ -]?\d{6}[ -]?\d{5})(?![\w.-]?\d)"
)
#: E.123: an international number, or one behind the word.
_PHONE = re.compile(
    r"(?=[(+\d])(?<![\w.+/-])"
    r"(?P<value>\+[1-9]\d{0,2}[ (/-]{1,2}\d{1,5}[) /-]{0,2}(?:\d{2,4}[ /-]?){2,4}"
    r"\d{0,4}(?<=\d)|(?:(?<=[Pp]hone: )|(?<=[Pp]hone number )|(?<=[Tt]el\.: )|(?<=[Tt]el: )|"
    r"(?<=[Tt]elefon: )|(?<=[Mm]obile: )|(?<=[Mm]obil: )|(?<=[Hh]andy: )|(?<=[Tt]elefoon: )|"
    r"(?<=[Tt]éléphone : )|(?<=[Cc]all )|(?<= at )|(?<=unter )|(?<=\btel\. ))"
    r"\(?0\d{2,5}\)?[ /-]{0,2}\d{3,5}(?:[ -]?\d{2,4}){0,3})(?![\w/.-]?\d)"
)
#: What all of them have.
_DIGITS = re.compile(r"\d{4}[\d ()/-]{3}|\+\d{1,3}[ (]")
_MIN_PHONE_DIGITS, _MAX_PHONE_DIGITS = 8, 15


def find_email_addresses(text: str) -> Iterator[Secret]:
    """Yield the e-mail addresses of a text; of Python code, pass its strings and comments alone."""
    if "@" not in text:
        return
    for match in _EMAIL.finditer(text):
        # "git" is the user of every Git server.
        if match["top"].casefold() not in _ATTRIBUTES and not match["value"].startswith("git@"):
            yield Secret(match["value"], "e-mail", EMAIL, match.start())


def find_ip_addresses(text: str) -> Iterator[Secret]:
    """Yield the IP addresses of a text, of versions 4 and 6."""
    for match in _IPV4.finditer(text) if "." in text else ():
        before = text[max(0, match.start() - _LOOKBEHIND) : match.start()]
        if not _VERSION.search(before) and _is_address(match["value"]):
            yield Secret(match["value"], "ip address", IP_ADDRESS, match.start())
    for match in _IPV6.finditer(text) if ":" in text else ():
        value = match["value"]
        if len(value) > 6 and not _SLICE.fullmatch(value) and _is_address(value):
            yield Secret(value, "ip address", IP_ADDRESS, match.start())


def _is_address(value: str) -> bool:
    try:
        ipaddress.ip_address(value)
    except ValueError:
        return False
    return value not in _PUBLIC


def find_account_numbers(text: str) -> Iterator[Secret]:
    """Yield the bank accounts (IBAN), cards and telephone numbers of a text."""
    if not _DIGITS.search(text):
        return
    for match in _IBAN.finditer(text):
        value = match["value"].rstrip()
        if _is_iban(value.replace(" ", "")):
            yield Secret(value, "bank account", NUMBER, match.start())
    for match in _CARD.finditer(text):
        if _is_card(re.sub(r"\D", "", match["value"])):
            yield Secret(match["value"], "card number", NUMBER, match.start())
    for match in _PHONE.finditer(text):
        digits = sum(map(str.isdigit, match["value"]))
        if _MIN_PHONE_DIGITS <= digits <= _MAX_PHONE_DIGITS:
            yield Secret(match["value"].rstrip(" -/"), "phone number", NUMBER, match.start())


def _is_iban(value: str) -> bool:
    """Return whether the check digits are right (ISO 7064, modulo 97)."""
    if not 15 <= len(value) <= 34:
        return False
    return int("".join(str(int(character, 36)) for character in value[4:] + value[:4])) % 97 == 1


def _is_card(digits: str) -> bool:
    """Return whether the last digit is right (Luhn, ISO/IEC 7812-1), and digits differ."""
    doubled = (int(one) * (1 + place % 2) for place, one in enumerate(reversed(digits)))
    return len(set(digits)) > 3 and sum(value // 10 + value % 10 for value in doubled) % 10 == 0
