"""What the rules need to know of a language: comments, strings, and what opens a block."""

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
    comment
        Start of a comment that ends with its line.
    quotes
        Opening to closing delimiters of strings and long comments; longer ones first.
    multiline
        Opening delimiters of those that may span lines.
    opener
        Matches the end of a line that opens a block; an open bracket always does.
    by_indent
        Whether indentation ends a block.
    token
        Matches what changes the nesting; derived from the others.
    """

    comment: str
    quotes: Mapping[str, str]
    multiline: frozenset[str] = frozenset()
    opener: re.Pattern[str] | None = None
    by_indent: bool = False
    token: re.Pattern[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        tokens = [re.escape(token) for token in (self.comment, *self.quotes)]
        object.__setattr__(self, "token", re.compile("|".join([*tokens, r"[()\[\]{}]"])))


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
    """Return the syntax of a language; an unknown one is taken for a language with braces."""
    return _SYNTAXES.get(language, _BRACES)
