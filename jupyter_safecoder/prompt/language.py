"""The language of a cell: that of its kernel, unless a cell magic sets another."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

from jupyter_safecoder.languages import (
    language_of,
    language_of_file,
    language_of_program,
    magic_languages,
)

#: A cell magic of IPython, or the line of .NET Interactive that chooses a kernel.
_CELL_MAGIC = re.compile(
    r"\s*(?:%%|#!(?=[a-z][\w+#-]*[ \t]*(?:\n|$)))(!|[A-Za-z_][\w+#-]*)([^\n]*)"
)
#: Magics that write their cell to a file.
_WRITERS = ("writefile", "file")
#: Options of ``%%script`` with a value, which may come before the program.
_SCRIPT_VALUES = ("--out", "--err", "--proc")
#: Programs that leave a cell as it is: ``%%script false --no-raise-error`` skips it.
_NO_PROGRAM = ("false", "true", "echo", "cat", "tee", ":")


def magic_line(source: str) -> str:
    """Return the line of a cell's magic with its newline; empty if it has none."""
    match = _CELL_MAGIC.match(source)
    if match is None:
        return ""
    return source[: match.end() + 1]


def cell_language(source: str, kernel_language: str) -> str:
    """Return the language of a cell's code, as the table of languages names it.

    Magics like ``%%time`` do not change the language. A magic with the name of a language is of
    that language, and an unknown one whose name ends in ``sql`` is SQL. ``%%script NAME`` is the
    language that NAME runs, ``%%writefile NAME`` that of the file.

    Parameters
    ----------
    source
        The cell, or its text up to the cursor.
    kernel_language
        Language of the kernel, or several names of it; see :func:`.language_of`.
    """
    kernel = language_of(kernel_language)
    match = _CELL_MAGIC.match(source)
    if match is None:
        return kernel
    name, words = match[1].lower(), _words(match[2])
    if name == "script" and words:
        return _script_language(words, kernel)
    if name in _WRITERS:
        return _file_language(words, kernel)
    language = magic_languages().get(name) or language_of_program([name])
    if language is not None:
        return language
    return "sql" if name.endswith("sql") else kernel


def _script_language(words: list[str], kernel: str) -> str:
    command = list(_command(words))
    language = language_of_program(command)
    if language is not None:
        return language
    if not command or command[0].lower() in _NO_PROGRAM:
        return kernel
    return language_of(command[0])


def _file_language(words: list[str], kernel: str) -> str:
    file = next((word for word in words if not word.startswith("-")), "")
    language = language_of_file(file)
    if language is None:
        # A name that a variable gives is known to the kernel alone.
        return kernel if file.startswith(("$", "{")) or not file else "text"
    return language


def _command(words: list[str]) -> Iterator[str]:
    """Yield the program of ``%%script`` and its arguments, without the magic's own options."""
    at = 0
    while at < len(words) and words[at].startswith("-"):
        at += 2 if words[at] in _SCRIPT_VALUES else 1
    yield from words[at:]


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:  # a quote that is not closed yet
        return text.split()
