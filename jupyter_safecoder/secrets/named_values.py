"""Finds values that are assigned to a secret name, in code, files, shell commands and prose."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator

from .names import (
    is_any_key,
    is_password_name,
    is_phrase_name,
    is_pin_name,
    is_secret_name,
    is_weak_name,
    marks_of,
)
from .plausible import (
    COMMON_WORDS,
    has_sign_or_digit,
    is_gap,
    is_random,
    resembles_password,
    resembles_path,
)
from .secret import PASSWORD, Secret

#: The rest of a name is read at the part that marks it as secret: on long runs, matching it too
#: would take minutes.
_NAME_START = re.compile(r"[\w.-]{0,40}\Z")
_NAME_END = re.compile(r"[\w-]{0,40}")
_LITERAL = (
    r"[rbuf]{0,2}(?P<quote>\"\"\"|'''|\"|')"
    r"(?P<value>(?:(?<=\"\"\"|''')(?:(?!(?P=quote))[\s\S]){1,300}?|(?:(?!(?P=quote))[^\n]){1,300}?))"
    r"(?P=quote)"
)
#: In code, JSON, YAML, keyword arguments and subscripts.
_ASSIGNMENT = re.compile(
    r"[\"']?\s{0,9}(?:\]\s{0,9})?(?::\s{0,9}[\w\[\]., |]{1,40})?(?::=|==?|!=|:|=>|<-|\+=)"
    rf"\s{{0,9}}\(?\s{{0,99}}{_LITERAL}"
)
#: ``setdefault("API_TOKEN", "…")``, ``("password", "…")``.
_PAIR = re.compile(rf"[\"']\s{{0,99}},\s{{0,99}}(?:default\s{{0,9}}=\s{{0,9}})?{_LITERAL}")
#: Quotes that are escaped, because the assignment is in a string literal.
_ESCAPED = re.compile(
    r"\\[\"']\s{0,9}:\s{0,9}\\(?P<quote>[\"'])(?P<value>[^\"'\\\n]{1,300})\\(?P=quote)"
)
_OPTION = re.compile(r"[= ][ ]{0,9}[\"']?(?P<value>[^\s\"'-][^\s\"']{2,299})")
_IS_ENV_MAGIC = re.compile(r"(?:^|\n)[ \t]{0,9}%(?:set_)?env[ \t]{1,9}[\w.-]{0,40}\Z")
_ENV_MAGIC = re.compile(r"[ \t]{1,9}(?P<value>\S{1,300})")
#: Without quotes: in shell commands, environment files, connection strings and prose.
_UNQUOTED = re.compile(
    r"[\"'*_`]{0,9}\s{0,9}(?P<sign>=|:|\uff1a|\bis\b|\bist\b|\s-\s)[\s*`]{0,9}"
    r"(?P<value>(?:(?!\\[nrt])[^\s\"'`;,&|<>(){}\[\]]){3,300})(?=(?P<rest>[^\n]{0,80}))"
)
#: Several words, in prose or without quotes.
_PHRASE = re.compile(
    r"[\"'*_`]{0,9}\s{0,3}(?:=|:|is\b:?|ist\b:?)[\s*`\"']{0,9}"
    r"(?P<value>[a-z]{3,8}(?:[ ,]{1,2}[a-z]{3,8}){11,24})"
)
#: ``pin = 471188``
_NUMBER = re.compile(
    r"[\"'*_`]{0,9}\s{0,9}(?:is|ist|:|=|lautet)[\s*`\"']{0,9}(?P<value>\d{4,8})(?![\w.])"
)
_HEX = re.compile(r"[0-9a-f]{24,128}")
#: Characters of a key whose name holds other things as often.
_MIN_KEY = 12
_IS_NUMBER = re.compile(r"[-+]?\d{0,20}\.\d{1,20}(?:e[-+]?\d{1,3})?%?")
_SHELL = re.compile(r"[ \t]{0,99}(?:!|%env|%set_env|%sx|export\s|set\s|ENV\s)")
_COMMENT = re.compile(r"\"\"\"[\s\S]*?\"\"\"|'''[\s\S]*?'''|#[^\n]*")
#: A string literal on one line, in either quote; or an escape, whose quote starts none.
STRING = re.compile(r"\\.|\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'")
#: Longer text of a triple quote is not read as words.
_MAX_REGION = 20_000
#: Regions before a place that may contain it.
_MAX_NESTED = 16


def find_named_values(text: str, *, code: bool) -> Iterator[Secret]:
    """Yield the values of secret names in a text.

    Parameters
    ----------
    text
        Code, prose, or an output.
    code
        Whether it is code, where ``password = name`` assigns no secret.
    """
    regions: list[tuple[int, int]] | None = None if code else [(0, len(text))]
    done = -1
    for mark_start, mark_end in marks_of(text):
        if mark_start < done:
            continue
        if regions is None:
            regions = sorted(other_regions(text))
        before = _NAME_START.search(text[max(0, mark_start - 40) : mark_start])
        start = mark_start - len(before[0] if before else "")
        end = _NAME_END.match(text, mark_end).end()  # type: ignore[union-attr]
        done = end
        name = text[start:end]
        if is_secret_name(name):
            yield from _values_of(text, name, start, end, regions)


def _values_of(
    text: str, name: str, start: int, end: int, regions: list[tuple[int, int]]
) -> Iterator[Secret]:
    for pattern in (_ASSIGNMENT, _PAIR, _ESCAPED):
        match = pattern.match(text, end)
        # In a list of words, one follows the other.
        if match and not (pattern is _PAIR and _is_word(match["value"])):
            yield from secret_of(name, match["value"], start=match.start("value"))
    line_start = max(0, start - 60)
    if (
        name.startswith("-")
        and (match := _OPTION.match(text, end))
        and not (
            # The end of a sentence about an option.
            match["value"][-1] in ".,:;" and match["value"][:-1].isalpha()
        )
    ):
        yield from secret_of(name, match["value"], start=match.start("value"))
    is_magic = "%" in text[line_start:start] and _IS_ENV_MAGIC.search(text[line_start:start])
    if is_magic and (match := _ENV_MAGIC.match(text, end)):
        yield from secret_of(name, match["value"], start=match.start("value"))
    if is_pin_name(name) and (match := _NUMBER.match(text, end)):
        yield Secret(match["value"], "pin", PASSWORD, match.start("value"))
    if is_phrase_name(name) and (match := _PHRASE.match(text, end)):
        yield Secret(match["value"], "seed phrase", PASSWORD, match.start("value"))
    stop = _region_end(regions, end)
    if stop and (match := _UNQUOTED.match(text, end, stop)):
        # An equals sign, or the end of the line behind it, makes a word of prose a value.
        is_sentence = bool(match["rest"].strip(" \t.,;*`\"'"))
        prose = match["sign"].strip() != "=" and is_sentence
        value = match["value"].rstrip(".:!?*_") if match["sign"] != "=" else match["value"]
        value = value.rstrip(".*_") if prose or not is_sentence else value
        yield from secret_of(name, value, quoted=False, prose=prose, start=match.start("value"))


def _is_word(value: str) -> bool:
    return value.isidentifier() and not has_sign_or_digit(value)


def _region_end(regions: list[tuple[int, int]], place: int) -> int:
    """Return the end of the region that contains a place, or 0."""
    index = bisect_right(regions, (place, 1 << 60))
    # A literal may be in a line of a shell, and a line in a long string.
    near = regions[max(0, index - _MAX_NESTED) : index]
    return max((end for _, end in near if place <= end), default=0)


def other_regions(code: str) -> list[tuple[int, int]]:
    """Return where a cell is not Python: other languages, shell, strings, comments."""
    start = len(code) - len(code.lstrip())
    if code.startswith("%%", start) and not code.startswith("%%time", start):
        return [(0, len(code))]
    # In Python ``token = response`` assigns a name; a shell reads it as a value.
    regions, place = [], 0
    for line in code.split("\n"):
        if _SHELL.match(line):
            regions.append((place, place + len(line)))
        place += len(line) + 1
    strings = (match.span() for match in STRING.finditer(code) if match[0][0] != "\\")
    regions += [(start + 1, end - 1) for start, end in strings]
    regions += [match.span() for match in _COMMENT.finditer(code) if len(match[0]) <= _MAX_REGION]
    return regions


def secret_of(
    name: str, value: str, *, quoted: bool = True, prose: bool = False, start: int = -1
) -> Iterator[Secret]:
    """Yield the value of a name as a secret, if it is one.

    Parameters
    ----------
    name, value
        As they are written.
    quoted
        Whether the value is a string literal.
    prose
        Whether more words follow the value, which may then be an ordinary word.
    start
        Where the value starts in its text.
    """
    if start >= 0:
        start += len(value) - len(value.lstrip())
    value = value.strip()
    if is_gap(value) or not is_secret_name(name):
        return
    if not quoted and value.casefold() in COMMON_WORDS:
        return
    if is_weak_name(name) and not _is_plausible_for_weak_name(name, value):
        return
    if is_phrase_name(name) and " " in value:
        yield Secret(value, "seed phrase", PASSWORD, start)
    elif is_password_name(name):
        # In a sentence an ordinary word follows "password" more often than a password.
        if not prose or resembles_password(value) or not value.isalpha():
            yield Secret(value, "password", PASSWORD, start)
    elif _is_key(value, quoted=quoted):
        yield Secret(value, "key", start=start)


def _is_key(value: str, *, quoted: bool) -> bool:
    if len(value) < 6 or re.search(r"\s", value) or _IS_NUMBER.fullmatch(value):
        return False
    if resembles_path(value) or value.casefold() in COMMON_WORDS:
        return False
    return quoted or has_sign_or_digit(value) or (len(value) >= _MIN_KEY and is_random(value))


def _is_plausible_for_weak_name(name: str, value: str) -> bool:
    if is_pin_name(name):
        return value.isdigit() and 4 <= len(value) <= 8
    if " " in value or len(value) < 6 or resembles_path(value):
        return False
    is_key = len(value) >= _MIN_KEY and (is_random(value) or bool(_HEX.fullmatch(value)))
    return is_key or (resembles_password(value) and not is_any_key(name))
