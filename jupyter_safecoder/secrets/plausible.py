"""Whether a value can be a password or a key, whatever it is called."""

from __future__ import annotations

import re

from .bigrams import randomness

#: Bits per character above which a string comes from a random generator: 1 % of random strings of
#: 20 characters are below 1.9, identifiers above 1.5 are one in thousands.
MIN_RANDOMNESS = 1.5
#: Bits per character from which on a string may be a key, and characters of a short one.
_MIN_DOUBTFUL, _MIN_KEY_CHARACTERS = 1.0, 12
_HEX = re.compile(r"[0-9a-fA-F]{16,128}")
#: Words that are passwords in examples, and ordinary words everywhere else.
COMMON_WORDS = frozenset(
    {
        *("password", "passwd", "secret", "token", "apikey", "api_key", "string", "default"),
        *("example", "username", "changeme", "private", "public", "access", "credential"),
        *(
            "hs256",
            "hs384",
            "hs512",
            "rs256",
            "es256",
            "eddsa",
            "sha256",
            "sha512",
            "utf-8",
            "ascii",
        ),
        *("enabled", "disabled", "correct", "incorrect", "wrong", "invalid", "valid", "missing"),
        *("empty", "set", "given", "provided", "stored", "used", "needed", "unknown", "expired"),
        *("encrypted", "hashed", "printed", "shown", "changed", "asked", "checked", "ignored"),
        *("credentials", "bearer", "basic", "required", "optional", "hidden"),
    }
)
#: Values that are a gap to fill in, a variable's name, or no secret at all.
_GAP = re.compile(
    r"[<\[{$(%«].{0,300}|\*+|x+|\.{3}|…|none|null|true|false|\d{1,3}|your[-_ ].{0,99}|-+|_+",
    re.IGNORECASE,
)
#: Text between two literals: a closing quote was matched as an opening one.
_BETWEEN_LITERALS = re.compile(r"\s{0,9}[)\]},;:+]{1,3}(?:\s|$)")
#: Colours of a terminal.
_ESCAPE = "\x1b"
_PATH = re.compile(r"[~.]{0,2}/|[A-Za-z]:\\|[a-z][a-z0-9+.-]{1,20}://|www\.", re.IGNORECASE)
_FILE_NAME = re.compile(r"[\w./-]+")
_EXTENSION = re.compile(
    r"\.(?:py|ipynb|json|csv|tsv|txt|md|ya?ml|toml|ini|cfg|db|sqlite3?|h5|pkl|png|jpe?g|"
    r"svg|html?|js|css|gz|zip|tar|pdf|xlsx?|parquet|npy|npz|log|sh|sql|xml|com|org|net|de|local)$",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"[-+]?[\d.,:_/eExX%-]+[A-Za-z%]{0,2}$")
#: A word with a number: ``conv2d``, ``utf8``, ``log10``.
_NUMBERED_WORD = re.compile(
    r"[a-z]{1,12}_?\d{1,3}[a-z]{0,2}$|[A-Z][a-z]{1,12}\d[a-zA-Z]{1,2}$|v?\d[\d.]*[a-z]{0,3}\d?$"
)
#: A word that people make a password of, with a number: ``Katze77``.
_WORD_WITH_NUMBER = re.compile(
    r"(?!(?:base|ascii|latin|python|windows)\d)[^\W\d_]{4,30}\d{1,6}", re.I
)
#: ``~pandas.DataFrame.groupby``, ``module.function()``.
_DOTTED = re.compile(r"\A(?:~?[A-Za-z_]\w{0,30}(?:\.[A-Za-z_]\w{0,30}){1,9}$|~\.?\w)")
_SIGNS = frozenset("!#$%&*+?@^~=§")


def is_gap(value: str) -> bool:
    """Return whether a value stands for a secret that is filled in elsewhere, or is none."""
    if len(value) < 3 or _ESCAPE in value:
        return True
    return bool(_GAP.fullmatch(value) or _BETWEEN_LITERALS.match(value))


def is_random(value: str) -> bool:
    """Return whether a string without spaces comes from a random generator."""
    return randomness(value) > MIN_RANDOMNESS


def is_high_entropy(value: str) -> bool:
    """Return whether a string may be a key, whatever is around it: checksums are ones, too."""
    if len(value) < _MIN_KEY_CHARACTERS or not any(map(str.isdigit, value)):
        return False
    return bool(_HEX.fullmatch(value)) or randomness(value) > _MIN_DOUBTFUL


def has_sign_or_digit(value: str) -> bool:
    """Return whether a value has a character that words do not have."""
    return any(character.isdigit() or character in _SIGNS for character in value)


def resembles_password(value: str) -> bool:
    """Return whether a value has what words of prose and names in code do not have."""
    if len(value) < 6 or value != value.strip() or " " in value or "\n" in value:
        return False
    if (
        value.count("\\") > 1
        or not any(map(str.isalpha, value))
        or resembles_path(value)
        or _NUMBER.match(value)
    ):
        return False
    if _DOTTED.match(value) and not is_random(value):
        return False
    if not has_sign_or_digit(value) or _NUMBERED_WORD.match(value):
        return len(value) >= 10 and value.isalnum() and is_random(value)
    return not value.endswith((")", "]", "}", "%")) and not value.startswith("*")


def resembles_word_with_number(value: str) -> bool:
    """Return whether a value is a word and a number, and no name of an algorithm or encoding."""
    return bool(_WORD_WITH_NUMBER.fullmatch(value)) and value.lower() not in COMMON_WORDS


def resembles_path(value: str) -> bool:
    """Return whether a value is a path, an address or the name of a file."""
    if _PATH.match(value):
        return True
    return bool(_EXTENSION.search(value) and _FILE_NAME.fullmatch(value))
