"""Reads the table of languages, ``languages.toml``.

A language has ``names`` (of kernels, of ``language_info``, of lexers, editor modes and programs;
its key is one of them), ``extensions`` of files, ``magics`` beside its names, and a ``syntax``.

A syntax has ``comments``, the starts of line comments, and ``comment``, a regular expression where
the start alone is not enough; ``strings``, see :class:`StringForm`; ``plain``, what has the
characters of a string or a bracket and is none; and ``blocks``: ``indent``, ``brace`` or
``keyword``, with an ``opener`` at the end of a header's code, a ``closer`` at the start of the line
that ends a block, and a ``middle`` that starts the next part of the same block.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal, TypeAlias

from jupyter_safecoder.files.toml import parse_toml

#: What ends a block.
Blocks: TypeAlias = Literal["indent", "brace", "keyword"]

#: In most languages a backslash takes the meaning from any character.
_ESCAPE = r"\\[\s\S]"
#: The syntax of a language that the table does not have.
_DEFAULT_SYNTAX = "groovy"


@dataclass(frozen=True)
class StringForm:
    r"""A form of strings or long comments.

    Parameters
    ----------
    open
        The delimiter that opens it; empty if it has several forms.
    close
        The delimiter that closes it: the same, where the table has none.
    pattern
        Regular expression of the delimiter that opens it, where ``open`` alone is not enough.
    end
        Regular expression of what closes it, instead of ``close``; ``\1`` stands for the text of
        the first group of ``pattern``.
    escape
        Regular expression of what does not close it though it has the delimiter; may be empty.
    lines
        Whether it may span lines.
    """

    open: str = ""
    close: str = ""
    pattern: str = ""
    end: str = ""
    escape: str = _ESCAPE
    lines: bool = False


@dataclass(frozen=True)
class SyntaxRules:
    """How a language is written; see the top of this module."""

    comments: tuple[str, ...]
    strings: tuple[StringForm, ...]
    blocks: Blocks
    comment: str = ""
    plain: tuple[str, ...] = ()
    opener: str = ""
    closer: str = ""
    middle: str = ""


@dataclass(frozen=True)
class Language:
    """A language: its name here, how it is recognized, and the name of its syntax."""

    name: str
    names: frozenset[str]
    extensions: frozenset[str]
    magics: frozenset[str]
    syntax: str


@cache
def languages() -> Mapping[str, Language]:
    """Return the languages by name."""
    return {
        name: Language(
            name,
            frozenset((name, *entry.get("names", ()))),
            frozenset(entry.get("extensions", ())),
            frozenset(entry.get("magics", ())),
            entry["syntax"],
        )
        for name, entry in _table().items()
        if name != "syntax"
    }


@cache
def magic_languages() -> Mapping[str, str]:
    """Return the languages of cell magics that have another name than a language."""
    return {magic: one.name for one in languages().values() for magic in one.magics}


@cache
def syntax_rules(language: str) -> SyntaxRules:
    """Return how a language is written; an unknown one is taken for a language with braces."""
    known = languages().get(language)
    entry = _table()["syntax"][known.syntax if known else _DEFAULT_SYNTAX]
    return SyntaxRules(
        **{
            **entry,
            "comments": tuple(entry["comments"]),
            "plain": tuple(entry.get("plain", ())),
            "strings": tuple(_string_form(form) for form in entry["strings"]),
        }
    )


def _string_form(form: Mapping[str, Any]) -> StringForm:
    close = form.get("close", form.get("open", ""))
    return StringForm(**{**form, "close": close})


@cache
def _table() -> dict[str, Any]:
    return parse_toml(files(__package__).joinpath("languages.toml").read_text("utf-8"))
