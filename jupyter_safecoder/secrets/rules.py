"""Secrets that are recognized by their form alone, by the rules of ``rules.toml``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from jupyter_safecoder.toml_file import read_toml

from .secret import KEY, Secret

#: What separates the lines of a secret, in a file and in a string literal.
_LINE_BREAK = re.compile(r"\\n|[\n\"'\\]")
#: Shorter lines of a secret give nothing away.
_MIN_LINE_CHARACTERS = 16


@dataclass(frozen=True)
class Rule:
    """The form of a kind of secret; see ``rules.toml`` for the fields."""

    id: str
    description: str
    regex: re.Pattern[str]
    keywords: tuple[str, ...] = ()
    placeholder: str = KEY
    each_line: bool = False

    def find(self, text: str) -> Iterator[Secret]:
        """Yield the secrets of this form in a text."""
        for match in self.regex.finditer(text):
            yield Secret(match["value"], self.description, self.placeholder)
            if self.each_line:
                for line in _LINE_BREAK.split(match["value"]):
                    if len(line) >= _MIN_LINE_CHARACTERS and " " not in line:
                        yield Secret(line, self.description, self.placeholder)


@cache
def load_rules() -> tuple[Rule, ...]:
    """Return the rules of ``rules.toml``."""
    data = read_toml(Path(__file__).with_name("rules.toml"))
    return tuple(
        Rule(**{**one, "regex": _compile(one["regex"]), "keywords": tuple(one.get("keywords", ()))})
        for one in data["rules"]
    )


def find_by_form(text: str) -> Iterator[Secret]:
    """Yield the secrets of a text that a rule recognizes."""
    lowered = text.lower()
    for rule in load_rules():
        if not rule.keywords or any(keyword in lowered for keyword in rule.keywords):
            yield from rule.find(text)


def _compile(regex: str) -> re.Pattern[str]:
    if "(?P<value>" not in regex:
        regex = rf"(?<![A-Za-z0-9])(?P<value>{regex})(?![A-Za-z0-9])"
    return re.compile(regex)
