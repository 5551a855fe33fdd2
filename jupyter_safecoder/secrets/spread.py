"""Finds the values of secrets where they stand elsewhere, by one pattern for all of them.

A value is sought elsewhere only if it is hardly anything else. ``password = "import"`` must change
no other cell: a keyword, a builtin, a module and an identifier of the code are never sought, and an
ordinary word only as a whole string literal, or beside a secret name, of the same document.
"""

from __future__ import annotations

import builtins
import keyword
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from jupyter_safecoder.kept_texts import cached_texts
from jupyter_safecoder.protocol import Cell

from .cell import merged
from .names import has_secret_name
from .plausible import COMMON_WORDS, has_sign_or_digit, is_random
from .secret import EMAIL, IP_ADDRESS, NUMBER, Secret

#: A shorter secret is replaced where it was found only: elsewhere it may be an ordinary word.
_MIN_CHARACTERS = 6
#: Spaces of a phrase that is hardly anything else.
_MIN_SPACES = 3
#: Texts of which it is known what is in them.
_MAX_KEPT = 1024
#: Values in one pattern.
_MAX_VALUES = 400
#: Not within a longer word: the password "list" must not change "listed". MySQL's option -p is
#: followed by the password without a space, and a literal's line break ends with a letter.
_WORD_START = r"(?:(?<!\w)|(?<=\s-p)|(?<=\\[nrt]))"
_QUOTES = ('"', "'", "`")
#: Characters between a secret name and its value in a sentence.
_MAX_BESIDE = 100
_WORD = re.compile(r"[^\W\d]\w{0,199}")
#: Names of the language, of its library, and of packages that most notebooks import.
_LANGUAGE = frozenset(
    {
        *(one.casefold() for one in (*keyword.kwlist, *keyword.softkwlist, *dir(builtins))),
        *(one.casefold() for one in sys.stdlib_module_names),
        *("numpy", "pandas", "matplotlib", "scipy", "sklearn", "pyplot", "seaborn", "torch"),
        *("tensorflow", "keras", "polars", "plotly", "requests", "dataframe", "series", "ndarray"),
    }
)
_OTHER_LANGUAGE = re.compile(r"\s{0,99}%%(?!time|capture|prun)")
_MAGIC = re.compile(r"^[ \t]{0,99}[!%].*$", re.MULTILINE)
_STRING_OR_COMMENT = re.compile(
    r"\\.|\"{3}[\s\S]*?\"{3}|'{3}[\s\S]*?'{3}|\"(?:[^\"\\\n]|\\.)*\"|"
    r"'(?:[^'\\\n]|\\.)*'|#[^\n]*"
)


def is_distinctive(secret: Secret) -> bool:
    """Return whether a value is hardly anything else, so that it is replaced in all documents."""
    value = secret.value
    if len(value) < _MIN_CHARACTERS or value.casefold() in COMMON_WORDS | _LANGUAGE:
        return False
    return has_sign_or_digit(value) or value.count(" ") >= _MIN_SPACES or is_random(value)


@dataclass(frozen=True)
class Spread:
    """The values to replace in a document, wherever they stand.

    Parameters
    ----------
    values
        All secrets of the document, one for each value.
    anywhere
        Distinctive values.
    words
        Words, which are replaced only as a whole string literal, and beside a secret name.
    """

    values: tuple[Secret, ...]
    anywhere: tuple[Secret, ...]
    words: tuple[Secret, ...]

    def add_to(self, text: str, secrets: Iterable[Secret]) -> tuple[Secret, ...]:
        """Return the secrets of a text with those that its document has elsewhere.

        Parameters
        ----------
        text
            The text.
        secrets
            What was found in it.
        """
        occurrences = _occurrences(text, self.anywhere, self.words) if text else ()
        return merged(text, [*secrets, *occurrences])


def spread_of(cells: Sequence[Cell], secrets: Iterable[Secret]) -> Spread:
    """Return the values of a document that are sought in all of its cells.

    Parameters
    ----------
    cells
        The cells of the document.
    secrets
        What was found in them.
    """
    distinct = list({secret.value: secret for secret in secrets}.values())
    words = [secret for secret in distinct if _WORD.fullmatch(secret.value)]
    used = identifiers(cells) if words else frozenset()
    return Spread(
        tuple(distinct),
        tuple(one for one in distinct if is_distinctive(one) and one.value not in used),
        tuple(one for one in words if not is_distinctive(one) and _is_sought(one, used)),
    )


def _is_sought(secret: Secret, used: frozenset[str]) -> bool:
    value = secret.value
    is_long = len(value) >= _MIN_CHARACTERS and secret.placeholder not in (
        EMAIL,
        IP_ADDRESS,
        NUMBER,
    )
    return is_long and value not in used and value.casefold() not in COMMON_WORDS | _LANGUAGE


def identifiers(cells: Iterable[Cell]) -> frozenset[str]:
    """Return the names in the code of cells, outside of strings and comments."""
    return frozenset().union(*(_identifiers(cell.source) for cell in cells if cell.type == "code"))


@cached_texts(_MAX_KEPT)
def _identifiers(code: str) -> frozenset[str]:
    if _OTHER_LANGUAGE.match(code):
        return frozenset()
    return frozenset(_WORD.findall(_STRING_OR_COMMENT.sub(" ", _MAGIC.sub("", code))))


@cached_texts(_MAX_KEPT)
def _occurrences(
    text: str, anywhere: tuple[Secret, ...], words: tuple[Secret, ...]
) -> tuple[Secret, ...]:
    return (
        *find_values(text, anywhere),
        *(
            secret
            for secret in find_values(text, words)
            if _is_literal(text, secret) or _is_beside_name(text, secret)
        ),
    )


def _is_literal(text: str, secret: Secret) -> bool:
    before = text[secret.start - 1 : secret.start]
    return before in _QUOTES and before == text[secret.end : secret.end + 1]


def _is_beside_name(text: str, secret: Secret) -> bool:
    """Return whether the same line has a secret name before: "The password: …"."""
    start = text.rfind("\n", max(0, secret.start - _MAX_BESIDE), secret.start) + 1
    return has_secret_name(text[max(start, secret.start - _MAX_BESIDE) : secret.start])


def find_values(text: str, secrets: Sequence[Secret]) -> Iterator[Secret]:
    """Yield where the values of secrets stand in a text, outside of longer words.

    Parameters
    ----------
    text
        Any text.
    secrets
        What to find. Of two at the same place, the longer one is found.
    """
    by_value = {secret.value: secret for secret in secrets}
    for pattern in _patterns(tuple(by_value)) if text else ():
        for match in pattern.finditer(text):
            secret = by_value[match[0]]
            yield Secret(secret.value, secret.kind, secret.placeholder, match.start())


@cached_texts(32)
def _patterns(values: tuple[str, ...]) -> tuple[re.Pattern[str], ...]:
    """Return patterns of several hundred values each, the longest first."""
    ordered = sorted(values, key=lambda value: (-len(value), value))
    words = [value for value in ordered if value[0].isalnum()]
    others = [value for value in ordered if not value[0].isalnum()]
    return (*_grouped(words, _WORD_START), *_grouped(others, ""))


def _grouped(values: Sequence[str], before: str) -> Iterator[re.Pattern[str]]:
    for first in range(0, len(values), _MAX_VALUES):
        group = "|".join(map(_bounded, values[first : first + _MAX_VALUES]))
        yield re.compile(f"{before}(?:{group})")


def _bounded(value: str) -> str:
    return re.escape(value) + (r"(?!\w)" if value[-1].isalnum() else "")
