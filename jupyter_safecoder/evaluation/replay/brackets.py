"""Closing brackets that the editor inserts by itself, with Lab's setting *Auto Closing Brackets*.

The rules are those of ``closeBrackets`` in CodeMirror 6 (``@codemirror/autocomplete`` 6.20),
without its triple quotes, and without its way to put a closing bracket on a line of its own: here
closing brackets stay behind the cursor until they are typed.
"""

from __future__ import annotations

import re

_PAIRS = {"(": ")", "[": "]", "{": "}"}
_QUOTES = "'\""
#: A quote opens a string after this: no word, no other quote, but perhaps a prefix of a string.
_STRING_START = re.compile(r"(?:^|[^\w'\"])(?:[rbfu]|[rbf]{2})?$", re.IGNORECASE)


def type_character(prefix: str, closing: str, character: str) -> tuple[str, str]:
    """Return the text before the cursor and the closing brackets after it, once a key is pressed.

    Parameters
    ----------
    prefix, closing
        The same before the key is pressed.
    character
        The character of the key.
    """
    if closing.startswith(character):
        closing = closing[1:]
    elif closing and closing[0] in _QUOTES:
        pass  # In a string nothing is closed.
    elif character in _PAIRS:
        closing = _PAIRS[character] + closing
    elif character in _QUOTES and _STRING_START.search(prefix):
        closing = character + closing
    return prefix + character, closing


def remain_in(text: str, closing: str) -> bool:
    """Return whether closing brackets can still be typed over: they occur in a text, in order."""
    characters = iter(text)
    return all(bracket in characters for bracket in closing)
