"""How much a string differs from words: the likelihood of its pairs of characters.

Words, identifiers and paths have likely pairs of characters (``in``, ``_s``, ``/d``); strings from
a random generator have all pairs equally often. The score is the logarithm of the ratio of both
likelihoods. ``bigrams.txt`` has the pairs of Python's standard library and of some packages;
``python -m benchmarks.secrets.train_bigrams`` writes it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from string import ascii_lowercase, ascii_uppercase, digits

TABLE_FILE = Path(__file__).with_name("bigrams.txt")
#: The symbols of the table: letters, a digit, signs, any other character, and the end of a word.
SYMBOLS = ascii_lowercase + ascii_uppercase + "0" + "_-/+.=" + "?" + "$"
END = len(SYMBOLS) - 1
#: The classes of bits in the file, half a bit each.
CLASSES = digits + ascii_lowercase
_NUMBERS = {symbol: number for number, symbol in enumerate(SYMBOLS[:END])}
_NUMBERS |= dict.fromkeys(digits, _NUMBERS["0"])
_OTHER = _NUMBERS["?"]
#: What a digit costs beyond its class.
_DIGIT_BITS = math.log2(10)


def symbols_of(text: str) -> list[int]:
    """Return the numbers of the symbols of a text."""
    return [_NUMBERS.get(character, _OTHER) for character in text]


@cache
def _table() -> Sequence[Sequence[float]]:
    rows = TABLE_FILE.read_text("ascii").split()
    bits = {name: number / 2 for number, name in enumerate(CLASSES)}
    digit = _NUMBERS["0"]
    return [
        [bits[name] + (_DIGIT_BITS if second == digit else 0.0) for second, name in enumerate(row)]
        for row in rows
    ]


def randomness(text: str) -> float:
    """Return how much likelier a random generator is than words, in bits per character.

    Parameters
    ----------
    text
        A string without spaces. An empty one has 0.

    Returns
    -------
    float
        Above 0 for random strings, below for words.
    """
    if not text:
        return 0.0
    table, symbols = _table(), symbols_of(text)
    bits, before = 0.0, END
    for symbol in symbols:
        bits += table[before][symbol]
        before = symbol
    return bits / len(text) - math.log2(_alphabet_size(text))


def _alphabet_size(text: str) -> int:
    """Return the size of the alphabet that a random generator would have drawn from."""
    size = 26 * (text.upper() != text) + 26 * (text.lower() != text)
    size += 10 * any(character.isdigit() for character in text)
    return max(10, size + 2 * (not text.isalnum()))
