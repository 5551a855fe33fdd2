"""The structure of code: its lines with names and literals replaced, so that renaming shows.

Comments, blank lines, imports and lines of names and literals alone are left out.
"""

from __future__ import annotations

import keyword
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from jupyter_safecoder.languages import syntax_rules

#: Bytes of a line's hash: a sequence of lines is one of bytes, see :mod:`.sequence`.
LINE_BYTES = 6
#: Words that stay as they are: no variable can have such a name. In other languages than Python a
#: few more are kept than each of them has.
_KEYWORDS = {
    "python": "|".join(keyword.kwlist),
    "": r"and|as|async|await|break|case|catch|class|const|continue|default|defer|delete|do|elif"
    r"|else|elsif|end|enum|except|export|extends|false|finally|fn|for|foreach|from|func|function|go|goto"
    r"|if|impl|import|in|interface|is|let|loop|match|mut|new|nil|not|null|or|private|protected|pub"
    r"|public|repeat|return|static|struct|switch|then|this|throw|true|try|typeof|undef|unless|until"
    r"|use|using|var|void|when|where|while|with|yield",
}
_NUMBER = re.compile(r"(?<![\w])\d[\w.]*")
_IMPORT = re.compile(r"\s*(?:import|from|use|using|require|#include|package)\b")
#: A line of a table: names and literals alone.
_TABLE = re.compile(r"[\"x0),\]}:]*$")
_STRINGS = (
    r"[rbfuRBFU]{0,2}(?:\"\"\"(?:[^\\]|\\.)*?(?:\"\"\"|\Z)|'''(?:[^\\]|\\.)*?(?:'''|\Z)"
    r"|\"(?:[^\"\\\n]|\\.)*(?:\"|$)|'(?:[^'\\\n]|\\.)*(?:'|$))"
)


@dataclass(frozen=True)
class CodeLines:
    """The lines of code of a text.

    Parameters
    ----------
    hashes
        Of each line with names and literals replaced.
    numbers
        The number of each line in the text, from 0.
    sizes
        The number of characters of each line with names and literals replaced.
    """

    hashes: NDArray[np.uint64]
    numbers: NDArray[np.int64]
    sizes: NDArray[np.int64]


def code_lines(text: str, language: str) -> CodeLines:
    """Return the lines of code of a text.

    Parameters
    ----------
    text
        The text.
    language
        Name of its language.
    """
    normal = _NUMBER.sub("0", _names(language).sub("x", _pattern(language).sub(_replacement, text)))
    found = list(_lines(normal))
    return CodeLines(
        np.array([_hash(line) for _, line in found], np.uint64),
        np.array([number for number, _ in found], np.int64),
        np.array([len(line) for _, line in found], np.int64),
    )


def bytes_of(lines: CodeLines) -> NDArray[np.uint8]:
    """Return the hashes of lines as bytes."""
    return lines.hashes.astype("<u8").view(np.uint8).reshape(-1, 8)[:, :LINE_BYTES].reshape(-1)


def _lines(normal: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(normal.split("\n")):
        squeezed = "".join(line.split())
        if not (_TABLE.match(squeezed) or _IMPORT.match(line)):
            yield number, squeezed


@cache
def _names(language: str) -> re.Pattern[str]:
    """Return a pattern of names."""
    return re.compile(rf"\b(?!(?:{_KEYWORDS.get(language, _KEYWORDS[''])})\b)[^\W\d]\w*")


@cache
def _pattern(language: str) -> re.Pattern[str]:
    """Return a pattern of strings and comments; the latter are its first group."""
    starts = "|".join(map(re.escape, syntax_rules(language).comments)) or r"(?!)"
    return re.compile(rf"((?:{starts})[^\n]*|/\*[\s\S]*?(?:\*/|\Z))|{_STRINGS}", re.MULTILINE)


def _replacement(match: re.Match[str]) -> str:
    lines = "\n" * match[0].count("\n")
    return lines if match[1] is not None else f'"{lines}'


def _hash(line: str) -> int:
    data = line.encode("utf-8", "surrogatepass")
    return (zlib.crc32(data) << 32 | zlib.crc32(data, 0x9E3779B9)) >> (64 - 8 * LINE_BYTES)
