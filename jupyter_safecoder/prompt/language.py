"""The language of a cell: its kernel's, unless a cell magic says another."""

from __future__ import annotations

import re

#: Cell magics whose cell is not in the kernel's language. Source: IPython's documentation of
#: built-in magics; the SQL ones are those of ipython-sql, JupySQL, DuckDB and the cloud vendors.
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
    """Return the cell magic that a cell opens with, its newline included, or nothing."""
    match = _CELL_MAGIC.match(source)
    if match is None:
        return ""
    return source[: match.end() + 1]


def cell_language(source: str, kernel_language: str) -> str:
    """Return the language, in lower case, that the code of a cell is in.

    ``%%time`` and its like leave the kernel's language; an unknown magic whose name ends in
    ``sql`` is SQL; ``%%script NAME`` is what NAME runs.
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
