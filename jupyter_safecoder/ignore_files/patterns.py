"""The patterns of a ``.safecoderignore``: those of ``.gitignore``, matched in bounded time.

The rules are those of git (https://git-scm.com/docs/gitignore). A pattern is compared character by
character and directory by directory, each time from the last ``*`` on: the time is at most the
product of the lengths, where regular expressions of such patterns can take time without end.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias, TypeVar

from jupyter_safecoder.errors import InvalidPattern

#: Maximum length of a pattern in characters.
MAX_CHARACTERS = 1000
_STAR = "*"
_CLASSES: dict[str, Callable[[str], bool]] = {
    "alnum": str.isalnum,
    "alpha": str.isalpha,
    "blank": lambda character: character in " \t",
    "digit": str.isdigit,
    "lower": str.islower,
    "space": str.isspace,
    "upper": str.isupper,
    "xdigit": lambda character: character in "0123456789abcdefABCDEF",
}
#: A test of one character, or a star.
_Token: TypeAlias = Callable[[str], bool] | str
#: The tokens of one name of a path; a star stands for any number of names.
_Segment: TypeAlias = Sequence[_Token] | str
_Item = TypeVar("_Item")
_Part = TypeVar("_Part")


@dataclass(frozen=True)
class _Pattern:
    segments: Sequence[_Segment]
    is_negated: bool
    directories_only: bool

    def matches(self, parts: Sequence[str], *, is_directory: bool) -> bool:
        if self.directories_only and not is_directory:
            return False
        return _matches(self.segments, parts, _matches_name)


class IgnorePatterns:
    """The patterns of a file, the last of which that matches counts.

    Parameters
    ----------
    text
        The content of the file.

    Raises
    ------
    InvalidPattern
        If a line is not a pattern.
    """

    def __init__(self, text: str) -> None:
        lines = enumerate(text.split("\n"), 1)
        parsed = (_parse(line.removesuffix("\r"), number) for number, line in lines)
        self._patterns = [pattern for pattern in parsed if pattern is not None]

    def match(self, path: str, *, is_directory: bool) -> bool:
        """Return whether a path is excluded, itself or by a directory above it.

        Parameters
        ----------
        path
            Below the directory of the file, with slashes.
        is_directory
            Whether it is a directory.
        """
        parts = path.split("/")
        return any(
            self._excludes(parts[:end], is_directory=is_directory or end < len(parts))
            for end in range(1, len(parts) + 1)
        )

    def _excludes(self, parts: Sequence[str], *, is_directory: bool) -> bool:
        for pattern in reversed(self._patterns):
            if pattern.matches(parts, is_directory=is_directory):
                return not pattern.is_negated
        return False


def _parse(line: str, number: int) -> _Pattern | None:
    """Return the pattern of a line; ``None``: it has none."""
    pattern = _without_trailing_spaces(line)
    if not pattern or pattern.startswith("#"):
        return None
    if len(pattern) > MAX_CHARACTERS:
        raise InvalidPattern(number, f"is longer than {MAX_CHARACTERS} characters")
    is_negated = pattern.startswith("!")
    pattern = pattern[is_negated:]
    if not pattern:
        raise InvalidPattern(number, "has nothing after '!'")
    names = pattern.split("/")
    directories_only = len(names) > 1 and not names[-1]
    if directories_only:
        names.pop()
    is_anchored = len(names) > 1
    if not names[0]:
        names.pop(0)
    if not names or not all(names):
        return None  # as in git: no path has an empty name
    segments: list[_Segment] = []
    for index, name in enumerate(names):
        is_any = name == "**" and is_anchored
        if is_any and index == len(names) - 1:
            segments.append([_STAR])  # what is in a directory, not the directory itself
        segments.append(_STAR if is_any else _tokens(name, number))
    if not is_anchored:
        segments.insert(0, _STAR)
    return _Pattern(segments, is_negated, directories_only)


def _without_trailing_spaces(line: str) -> str:
    stripped = line.rstrip(" ")
    backslashes = len(stripped) - len(stripped.rstrip("\\"))
    is_escaped = backslashes % 2 == 1 and len(stripped) < len(line)
    return f"{stripped} " if is_escaped else stripped


def _tokens(name: str, number: int) -> list[_Token]:
    tokens: list[_Token] = []
    at = 0
    while at < len(name):
        character = name[at]
        at += 1
        if character == "*":
            if tokens[-1:] != [_STAR]:
                tokens.append(_STAR)
        elif character == "?":
            tokens.append(lambda _: True)
        elif character == "[":
            token, at = _bracket(name, at, number)
            tokens.append(token)
        else:
            if character == "\\":
                if at == len(name):
                    raise InvalidPattern(number, "ends with '\\'")
                character = name[at]
                at += 1
            tokens.append(character.__eq__)
    return tokens


def _bracket(name: str, at: int, number: int) -> tuple[Callable[[str], bool], int]:
    """Return the test of a bracket expression, and the position after it."""
    unclosed = InvalidPattern(number, "has a '[' without a ']'")
    is_negated = name[at : at + 1] in ("!", "^")
    at += is_negated
    first = at
    tests: list[Callable[[str], bool]] = []
    while True:
        if at >= len(name):
            raise unclosed
        if name[at] == "]" and at > first:
            break
        if name.startswith("[:", at):
            end = name.find(":]", at)
            test = _CLASSES.get(name[at + 2 : end]) if end > 0 else None
            if test is None:
                raise InvalidPattern(number, "has an unknown class of characters")
            tests.append(test)
            at = end + 2
            continue
        low, at = _bracket_character(name, at, unclosed)
        if name[at : at + 1] == "-" and name[at + 1 : at + 2] not in ("", "]"):
            high, at = _bracket_character(name, at + 1, unclosed)
            if high < low:
                raise InvalidPattern(number, "has a range that ends before it begins")
            tests.append(partial(_is_in_range, low, high))
        else:
            tests.append(low.__eq__)
    return lambda character: any(test(character) for test in tests) != is_negated, at + 1


def _bracket_character(name: str, at: int, unclosed: InvalidPattern) -> tuple[str, int]:
    if name[at] == "\\":
        at += 1
    if at >= len(name):
        raise unclosed
    return name[at], at + 1


def _is_in_range(low: str, high: str, character: str) -> bool:
    return low <= character <= high


def _matches_name(segment: _Segment, name: str) -> bool:
    return _matches(segment, name, _matches_character)


def _matches_character(token: _Token, character: str) -> bool:
    return not isinstance(token, str) and token(character)


def _matches(
    pattern: Sequence[_Part], items: Sequence[_Item], matches: Callable[[_Part, _Item], bool]
) -> bool:
    """Return whether items match a pattern of which a star stands for any number of items.

    After a star the first match is as good as any other, so only the last star is tried again.
    """
    at, item, star, after_star = 0, 0, -1, 0
    while item < len(items):
        if at < len(pattern) and pattern[at] == _STAR:
            at += 1
            star, after_star = at, item
        elif at < len(pattern) and matches(pattern[at], items[item]):
            at += 1
            item += 1
        elif star >= 0:
            after_star += 1
            at, item = star, after_star
        else:
            return False
    return all(part == _STAR for part in pattern[at:])
