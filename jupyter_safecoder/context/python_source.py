"""Reads Python source that nothing is known of: its encoding, its grammar, in bounded time."""

from __future__ import annotations

import ast
import re
import warnings

from jupyter_safecoder.errors import UnusableFile
from jupyter_safecoder.files.python_source import decode_python

#: A longer module is cut before it is parsed: parsing this much takes about a tenth of a second,
#: in which the server does nothing else.
MAX_CHARACTERS = 200_000
#: The name by which warnings about what is parsed are ignored: they quote the text.
_NAME = "<safecoder>"
#: Where a top-level statement starts: a longer module is cut there.
_STATEMENT = re.compile(r"^(?=(?:@|def |class |async def |[A-Za-z_]\w* *[=:(]))", re.MULTILINE)


def decode_source(data: bytes) -> str | None:
    r"""Return the text of a Python file, with the encoding that it declares (PEP 263).

    Parameters
    ----------
    data
        The file, or the first part of it.

    Returns
    -------
    str or None
        The text with ``\n`` at the ends of lines; ``None`` if it has another encoding than it
        declares.
    """
    try:
        text = decode_python(data)
    except UnusableFile:
        return None
    # Some encodings make lone surrogates, which UTF-8 has not.
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def parse_python(text: str) -> ast.Module | None:
    """Return the syntax tree of a module; ``None`` if it is not Python.

    Parameters
    ----------
    text
        Of what is longer than :data:`MAX_CHARACTERS`, only the statements in front are parsed.
    """
    if len(text) > MAX_CHARACTERS:
        text = _first_statements(text)
    warnings.filterwarnings("ignore", module=re.escape(_NAME))
    try:
        return ast.parse(text, _NAME)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _first_statements(text: str) -> str:
    head = text[:MAX_CHARACTERS]
    starts = [match.start() for match in _STATEMENT.finditer(head, MAX_CHARACTERS // 2)]
    return head[: starts[-1]] if starts else ""
