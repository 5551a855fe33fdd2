r"""Recognizes regular expressions that search any text in linear time.

A tokenizer splits text by regular expressions of its model, with Oniguruma, which backtracks: an
expression such as ``(a+)+$`` would never end, or end the process. Those of the tokenizers in use
are alternatives of a plain form, for which a bound can be proved:

* characters, classes and groups of them are repeated a limited number of times, or are a single
  class without a limit (``\p{L}+``);
* an alternative that can fail after such a class X, as ``\s*[\r\n]+`` does, has no other class
  without a limit before that point, and is followed by an alternative that takes all of X: what
  was searched in vain is then taken, and not searched again.

Source of the syntax: Oniguruma, ``doc/RE``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_MAX_LENGTH = 4096
#: Maximum repetitions, where they are limited.
_MAX_REPETITIONS = 64
#: Maximum combinations of limited repetitions and alternatives that can be tried at one position.
_MAX_TRIES = 256
#: Escapes that stand for one character.
_ESCAPE = re.compile(r"\\(?:[pP]\{\^?\w+\}|[sSdDwWrntfv]|[^\w\s])")
#: Starts of groups that match what their content matches, and those of assertions.
_GROUPS, _ASSERTIONS = ("(?:", "(?i:", "("), ("(?!", "(?=")
#: Not lazy ones: they do not take all of a class.
_QUANTIFIER = re.compile(r"[?*+]\+?(?![?*+{])|\{(\d{1,4})(?:(,)(\d{1,4})?)?\}(?![?*+{])")


class _Unknown(Exception):
    """An expression of another form."""


@dataclass(frozen=True)
class _Item:
    """A part of an alternative.

    Parameters
    ----------
    text
        What is repeated.
    least
        How often at least.
    unlimited
        Whether there is no limit.
    tries
        In how many ways it can match at one position, if there is a limit.
    """

    text: str
    least: int
    unlimited: bool
    tries: int


def is_linear(pattern: str) -> bool:
    """Return whether an expression has the form that is searched in linear time.

    Parameters
    ----------
    pattern
        The expression, in the syntax of Oniguruma.
    """
    if len(pattern) > _MAX_LENGTH:
        return False
    try:
        alternatives = _Parser(pattern).alternatives(nested=False)
    except (_Unknown, RecursionError):
        return False
    return sum(map(_tries, alternatives)) <= _MAX_TRIES and all(
        _is_bounded(alternatives, number) for number in range(len(alternatives))
    )


def _is_bounded(alternatives: Sequence[Sequence[_Item]], number: int) -> bool:
    """Return whether a run of characters is searched a limited number of times."""
    items = alternatives[number]
    first = next((n for n, item in enumerate(items) if item.unlimited), len(items))
    last_required = max((n for n, item in enumerate(items) if item.least), default=-1)
    if last_required <= first:
        return True
    if any(item.unlimited for item in items[first + 1 : last_required]):
        return False
    for other in alternatives[number + 1 :]:
        start = next((n for n, item in enumerate(other) if item.unlimited), None)
        if start is None or other[start].text != items[first].text:
            return False
        if any(item.least for item in other[:start]):
            return False
        if not any(item.least for item in other[start + 1 :]):
            return True
    return False


def _tries(items: Sequence[_Item]) -> int:
    tries = 1
    for item in items:
        tries = min(tries * item.tries, _MAX_TRIES + 1)
    return tries


class _Parser:
    """Reads an expression from left to right."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._position = 0

    def alternatives(self, *, nested: bool) -> list[list[_Item]]:
        """Return the parts of each alternative, up to the end or to that of a group."""
        found: list[list[_Item]] = [[]]
        while self._position < len(self._pattern):
            if self._take("|"):
                found.append([])
            elif self._pattern[self._position] == ")":
                break
            else:
                found[-1].append(self._item())
        if nested != self._take(")"):
            raise _Unknown
        return found

    def _item(self) -> _Item:
        start = self._position
        tries, unlimited_allowed, assertion = self._atom()
        text = self._pattern[start : self._position]
        match = _QUANTIFIER.match(self._pattern, self._position)
        if match is None:
            if self._pattern[self._position : self._position + 1] in ("?", "*", "+", "{"):
                raise _Unknown
            return _Item(text, 1, False, tries)
        self._position = match.end()
        least, most = _repetitions(match)
        if assertion or max(least, most or 0) > _MAX_REPETITIONS:
            raise _Unknown
        if most is None:
            if not unlimited_allowed:
                raise _Unknown
            return _Item(text, least, True, 1)
        if least > most:
            raise _Unknown
        ways = sum(min(tries**n, _MAX_TRIES + 1) for n in range(least, most + 1))
        return _Item(text, least, False, ways)

    def _atom(self) -> tuple[int, bool, bool]:
        """Read a character, class, group or assertion.

        Returns
        -------
        tuple
            In how many ways it can match, whether it is one character, and whether it is none.
        """
        character = self._pattern[self._position]
        if character in "^$":
            self._position += 1
            return 1, False, True
        if character == "(":
            return self._group()
        if character == "[":
            self._class()
        elif character == "\\":
            match = _ESCAPE.match(self._pattern, self._position)
            if match is None:
                raise _Unknown
            self._position = match.end()
        elif character in "?*+{}]":
            raise _Unknown
        else:
            self._position += 1
        return 1, True, False

    def _group(self) -> tuple[int, bool, bool]:
        assertion = any(map(self._take, _ASSERTIONS))
        if not assertion and not any(map(self._take, _GROUPS)):
            raise _Unknown
        if self._pattern[self._position : self._position + 1] in ("?", "*"):
            raise _Unknown
        alternatives = self.alternatives(nested=True)
        if any(item.unlimited for items in alternatives for item in items):
            raise _Unknown
        return min(sum(map(_tries, alternatives)), _MAX_TRIES + 1), False, assertion

    def _class(self) -> None:
        """Read a class, which may have others in it."""
        depth = 0
        while self._position < len(self._pattern):
            if self._take("["):
                depth += 1
                self._take("^")
                if self._pattern[self._position : self._position + 1] == "]":
                    raise _Unknown
            elif self._take("]"):
                depth -= 1
                if depth == 0:
                    return
            elif self._take("\\"):
                self._position += 1
            else:
                self._position += 1
        raise _Unknown

    def _take(self, text: str) -> bool:
        """Skip a text if it is next; return whether it is."""
        found = self._pattern.startswith(text, self._position)
        self._position += len(text) if found else 0
        return found


def _repetitions(match: re.Match[str]) -> tuple[int, int | None]:
    """Return the minimum and the maximum of a quantifier; ``None``: there is no maximum."""
    sign = match[0][0]
    if sign != "{":
        return (1 if sign == "+" else 0), (1 if sign == "?" else None)
    least = int(match[1])
    if match[2] is None:
        return least, least
    return least, None if match[3] is None else int(match[3])
