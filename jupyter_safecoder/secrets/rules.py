"""Secrets that are recognized by a pattern: of their issuers, or of the text that uses them.

``rules.toml`` has the forms of keys and tokens, ``uses.toml`` what stands around a value where it
is used: in a shell, in SQL, in files. ``rules.toml`` documents the fields of both.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from jupyter_safecoder.files.toml import read_toml

from .plausible import is_gap, is_random, resembles_password
from .secret import KEY, Secret

_FILES = ("rules.toml", "uses.toml")
#: What separates the lines of a secret, in a file and in a string literal.
_LINE_BREAK = re.compile(r"\\n|[\n\"'\\]")
#: Shorter lines of a secret give nothing away.
_MIN_LINE_CHARACTERS = 16
#: The names of data that is written in an encoding, and functions that compare it.
_ENCODED_DATA = re.compile(
    r"(?i)(?:data|text|message|msg|expected|vectors?|image|img|png|blob|digest|hash|checksum|nonce|iv|tag|"
    r"result|output|input|bytes|buf(?:fer)?|signature|assert\w{0,20}|==)\W{0,5}(?:bytes|bytearray|base64|binascii)?[.(]{0,2}$"
)
_LOOKBEHIND = 60
#: What a key of a rule without keywords has.
_LONG_RUN = re.compile(
    r"(?<![A-Za-z0-9])(?=[A-Za-z]{0,24}\d)[A-Za-z0-9]{17}|[a-z]{4}(?: [a-z]{4}){3}[\"']"
)


def _is_password(value: str) -> bool:
    return not is_gap(value) and (resembles_password(value) or is_random(value))


#: By the name of a check: whether a value with the text before it is a secret.
_CHECKS: Mapping[str, Callable[[str, str], bool]] = {
    "": lambda value, before: True,
    "value": lambda value, before: not is_gap(value),
    "password": lambda value, before: _is_password(value),
    "random": lambda value, before: is_random(value.rstrip("=").replace(" ", "")),
    "encoded": lambda value, before: not _ENCODED_DATA.search(before),
}


@dataclass(frozen=True)
class Rule:
    """The form of a kind of secret; see ``rules.toml`` for the fields."""

    id: str
    description: str
    regex: re.Pattern[str]
    keywords: tuple[str, ...] = ()
    placeholder: str = KEY
    each_line: bool = False
    check: str = ""

    def find(self, text: str) -> Iterator[Secret]:
        """Yield the secrets of this form in a text."""
        is_plausible = _CHECKS[self.check]
        for match in self.regex.finditer(text):
            value, start = match["value"], match.start("value")
            if not is_plausible(value, text[max(0, match.start() - _LOOKBEHIND) : match.start()]):
                continue
            yield Secret(value, self.description, self.placeholder, start)
            if self.each_line:
                for line, offset in _lines(value):
                    yield Secret(line, self.description, self.placeholder, start + offset)


def _lines(value: str) -> Iterator[tuple[str, int]]:
    """Yield the lines of a secret that are secret where they stand alone, with their offsets."""
    start = 0
    for line_break in [*_LINE_BREAK.finditer(value), None]:
        line = value[start : line_break.start() if line_break else len(value)]
        if len(line) >= _MIN_LINE_CHARACTERS and " " not in line:
            yield line, start
        start = line_break.end() if line_break else start


@cache
def load_rules() -> tuple[Rule, ...]:
    """Return the rules of both files."""
    return tuple(
        Rule(**{**one, "regex": _compile(one["regex"]), "keywords": tuple(one.get("keywords", ()))})
        for file in _FILES
        for one in read_toml(Path(__file__).with_name(file))["rules"]
    )


@cache
def _by_keyword() -> tuple[tuple[str, int], ...]:
    """Return each keyword with the place of its rule."""
    return tuple(
        (keyword, place) for place, rule in enumerate(load_rules()) for keyword in rule.keywords
    )


def find_by_form(text: str) -> Iterator[Secret]:
    """Yield the secrets of a text that a rule recognizes."""
    lowered, rules = text.lower(), load_rules()
    places = {place for keyword, place in _by_keyword() if keyword in lowered}
    if _LONG_RUN.search(text):
        places |= {place for place, rule in enumerate(rules) if not rule.keywords}
    for place in sorted(places):
        yield from rules[place].find(text)


def _compile(regex: str) -> re.Pattern[str]:
    if "(?P<value>" not in regex:
        # The end of an escape in a string literal is no letter of a word.
        before = r"(?:(?<![\w-])|(?<=\\[nrt])|(?<=\s-p))"
        regex = rf"{before}(?P<value>{regex})(?![A-Za-z0-9])"
    return re.compile(regex)
