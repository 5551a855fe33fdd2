"""The language of a cell: that of its kernel, unless a cell magic sets another."""

from __future__ import annotations

import re

#: Cell magics to the language of their cells. Source: IPython's documentation of built-in magics;
#: those for SQL are of ipython-sql, JupySQL, DuckDB and the cloud vendors.
_MAGICS = {
    "bash": "bash",
    "sh": "bash",
    "!": "bash",
    "system": "bash",
    "sx": "bash",
    "script": "bash",
    "cmd": "batch",
    "html": "html",
    "svg": "html",
    "javascript": "javascript",
    "js": "javascript",
    "latex": "latex",
    "markdown": "markdown",
    "perl": "perl",
    "ruby": "ruby",
    "R": "r",
    "julia": "julia",
    "cython": "cython",
    "sql": "sql",
    "bigquery": "sql",
    "dql": "sql",
    "sparksql": "sql",
    "cypher": "cypher",
}

_CELL_MAGIC = re.compile(r"\s*%%(!|\w+)([^\n]*)")


def magic_line(source: str) -> str:
    """Return the line of a cell's magic with its newline; empty if it has none."""
    match = _CELL_MAGIC.match(source)
    if match is None:
        return ""
    return source[: match.end() + 1]


def cell_language(source: str, kernel_language: str) -> str:
    """Return the language of a cell's code, in lower case.

    Magics like ``%%time`` do not change the language. An unknown magic whose name ends in ``sql``
    is SQL. ``%%script NAME`` is the language that NAME runs.

    Parameters
    ----------
    source
        The cell, or its text up to the cursor.
    kernel_language
        Language of the kernel, in lower case.
    """
    match = _CELL_MAGIC.match(source)
    if match is None:
        return kernel_language
    name, rest = match[1], match[2].split()
    if name == "script" and rest:
        return _MAGICS.get(rest[0], rest[0].lower())
    if name in _MAGICS:
        return _MAGICS[name]
    return "sql" if name.lower().endswith("sql") else kernel_language
