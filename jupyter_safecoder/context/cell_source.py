"""Makes Python of a cell: lines of magics and of the shell are replaced."""

from __future__ import annotations

import re

#: Cell magics below which there is Python. Source: IPython's documentation of built-in magics.
_PYTHON_MAGICS = frozenset(
    {"time", "timeit", "capture", "prun", "python", "python3", "pypy", "memit", "mprun", "lprun"}
)
_CELL_MAGIC = re.compile(r"\s*%%(!|\w+)[^\n]*\n?")
#: A magic, a line of the shell or a question, with the lines that a backslash joins to it.
_MAGIC = re.compile(
    r"^([ \t]*)(?:[%!?]|[^\s#'\"][^\n#'\"]*\?$)(?:[^\n]*\\\n)*[^\n]*$", re.MULTILINE
)
_ASSIGNED_MAGIC = re.compile(
    r"^([ \t]{0,40}[\w, ]{1,80}=[ \t]*)[%!](?:[^\n]*\\\n)*[^\n]*$", re.MULTILINE
)


def python_of_cell(source: str) -> str:
    """Return the Python of a cell; empty if a magic makes another language of it.

    Parameters
    ----------
    source
        The cell as it is written in a Python notebook.
    """
    magic = _CELL_MAGIC.match(source)
    if magic is not None:
        if magic[1] not in _PYTHON_MAGICS:
            return ""
        source = source[magic.end() :]
    source = _ASSIGNED_MAGIC.sub(r"\g<1>None", source)
    return _MAGIC.sub(r"\g<1>pass", source)
