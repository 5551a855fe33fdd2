"""The little that the rules need to know of a language: comments, strings, what opens a block."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

_PYTHON_QUOTES = {'"""': '"""', "'''": "'''", '"': '"', "'": "'"}
_C_QUOTES = {"/*": "*/", '"': '"', "'": "'", "`": "`"}
_PLAIN_QUOTES = {'"': '"', "'": "'"}


@dataclass(frozen=True)
class Syntax:
    """How a language writes comments, strings and block headers.

    Parameters
    ----------
    comment : str
        What begins a comment that runs to the line's end.
    quotes : mapping
        Opening to closing delimiter, of strings and of long comments; longer ones first.
    long : frozenset of str
        The opening delimiters that may span lines.
    opener : pattern or None
        A line whose code ends so opens a block (an open bracket always does).
    by_indent : bool
        Whether indentation ends a block.
    """

    comment: str
    quotes: Mapping[str, str]
    long: frozenset[str] = frozenset()
    opener: re.Pattern[str] | None = None
    by_indent: bool = False
    landmark: re.Pattern[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        marks = [re.escape(mark) for mark in (self.comment, *self.quotes)]
        object.__setattr__(self, "landmark", re.compile("|".join([*marks, r"[()\[\]{}]"])))


PYTHON = Syntax(
    "#", _PYTHON_QUOTES, frozenset({'"""', "'''"}), opener=re.compile(r":\s*$"), by_indent=True
)
_BRACES = Syntax("//", _C_QUOTES, frozenset({"/*", "`"}))
_SHELL = Syntax(
    "#",
    _PLAIN_QUOTES,
    frozenset(_PLAIN_QUOTES),
    opener=re.compile(r"(?:^|[\s;])(?:then|do|else)\s*$"),
)
_SQL = Syntax("--", {"/*": "*/", '"': '"', "'": "'"}, frozenset({"/*"}))
_HASH = Syntax("#", _PLAIN_QUOTES)

_SYNTAXES = {
    "python": PYTHON,
    "bash": _SHELL,
    "sh": _SHELL,
    "sql": _SQL,
    "r": _HASH,
    "julia": _HASH,
    "ruby": _HASH,
    "perl": _HASH,
}


def syntax_of(language: str) -> Syntax:
    """The syntax of a language; of one that is not known, that of the many with braces."""
    return _SYNTAXES.get(language, _BRACES)
