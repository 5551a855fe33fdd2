"""What a typist does next who writes a known text, and which suggestions are right for it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from .brackets import remain_in

Part = Literal["line", "word"]

_ENTER = re.compile(r"\n[ \t]*")
#: The parts of a suggestion that are compared with what was written.
PARTS: dict[Part, re.Pattern[str]] = {
    # With the line breaks before it: a suggestion may begin at the end of a line.
    "line": re.compile(r"\s*[^\n]*"),
    "word": re.compile(r"\s*(?:\w+|[^\w\s]+)"),
}


@dataclass(frozen=True)
class Key:
    """A key press.

    Parameters
    ----------
    kind
        ``take`` accepts ``text`` from the suggestion, ``type`` writes it, ``delete`` removes the
        closing bracket after the cursor.
    text
        What the key writes. Enter writes the indentation, too, as editors do.
    """

    kind: Literal["take", "type", "delete"]
    text: str = ""


def next_key(suggestion: str, rest: str, closing: str, accept: Part) -> Key:
    """Return the next key: the suggestion is taken where it is right.

    Parameters
    ----------
    suggestion
        What the editor shows; empty: nothing.
    rest
        What is still to be written; not empty.
    closing
        Closing brackets after the cursor, which the editor inserted.
    accept
        Part of a suggestion that the typist takes with one key.
    """
    if part := right_part(suggestion, rest, closing, accept):
        return Key("take", part)
    if not remain_in(rest, closing):
        return Key("delete")
    enter = _ENTER.match(rest)
    return Key("type", enter[0] if enter else rest[0])


def right_part(suggestion: str, rest: str, closing: str, part: Part) -> str:
    """Return the first line or word of a suggestion if it is what was written; else nothing.

    White space at the end of a line does not count. The end of the written line may be closing
    brackets that are after the cursor already.

    Parameters
    ----------
    suggestion, rest, closing
        As for :func:`next_key`.
    part
        What must be right: all of the first line, or its first word.
    """
    suggested, written = (_first(text, part) for text in (suggestion, rest))
    if not suggested.strip() or not written.startswith(suggested):
        return ""
    if not closing.startswith(written[len(suggested) :]):
        return ""
    return suggested if remain_in(rest[len(suggested) :], closing) else ""


def count_characters(text: str) -> int:
    """Return the number of characters of a text, without indentation: editors insert that."""
    return len(_ENTER.sub("\n", text))


def _first(text: str, part: Part) -> str:
    match = PARTS[part].match(text)
    return match[0].rstrip() if match else ""
