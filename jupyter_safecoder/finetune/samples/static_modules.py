"""Makes a local module of the functions that a notebook defines.

A team moves such functions into a module, and the notebook imports them. So training shows the
model the section of a prompt that describes local modules, and code that calls what it says.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

from jupyter_safecoder.context import Outline, mentioned_names, read_outline, write_stub
from jupyter_safecoder.protocol import Cell, Excerpt

_PATH = "helpers.py"
_MAX_CHARACTERS = 1_500
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)


def static_modules(
    above: Sequence[Cell], current: str
) -> tuple[tuple[Cell, ...], tuple[Excerpt, ...]]:
    """Return cells that import what they defined, and the stub of the module that has it now.

    Parameters
    ----------
    above
        The cells above the current one.
    current
        The source of the current cell. What it mentions is in front in the stub.

    Returns
    -------
    tuple
        The cells, of which those that only define have become imports, and the module; none if no
        cell only defines functions and classes.
    """
    cells: list[Cell] = []
    sources: list[str] = []
    for cell in above:
        outline = _definitions(cell.source) if cell.type == "code" else None
        if outline is None:
            cells.append(cell)
        else:
            names = ", ".join(member.name for member in outline.members)
            cells.append(replace(cell, source=f"from helpers import {names}"))
            sources.append(cell.source)
    outline = read_outline("\n\n".join(sources)) if sources else None
    if outline is None:
        return tuple(above), ()
    stub = write_stub("", outline.members, mentioned_names([current]), _MAX_CHARACTERS)
    return (tuple(cells), (Excerpt(_PATH, stub),)) if stub else (tuple(above), ())


@lru_cache(maxsize=1024)
def _definitions(source: str) -> Outline | None:
    """Return what a cell defines; ``None`` if it does anything else, or nothing."""
    try:
        statements = ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    if not all(isinstance(statement, _DEFINITIONS) for statement in statements):
        return None
    outline = read_outline(source)
    return outline if outline and outline.members else None
