"""Finds what the cells of a notebook import, and the directories that they add to the path."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from jupyter_safecoder.kept_texts import cached_texts

from .cell_source import python_of_cell
from .python_source import parse_python

#: A longer cell is data.
_MAX_CELL_CHARACTERS = 100_000
#: More imports of a notebook are not followed.
_MAX_IMPORTS = 200
#: Cells of which the imports are kept.
_MAX_KEPT = 128
#: An import at the start of a line, with the lines that belong to it.
_STATEMENT = re.compile(
    r"^[ \t]*((?:import[ \t]|from[ \t]+[.\w]+[ \t]+import\b)(?:[^\n(]*\\\n)*[^\n(]*"
    r"(?:\([^)]{0,2000}\))?)",
    re.MULTILINE,
)
_PATH_CALLS = frozenset({"append", "insert"})


@dataclass(frozen=True)
class Import:
    """One name that an import binds.

    Parameters
    ----------
    module
        The module that is imported, or that a name is imported from; without leading dots.
    level
        Number of leading dots.
    name
        The name that is imported from the module: ``*`` for all, empty for the module itself.
    known_as
        What the notebook calls it.
    """

    module: str
    level: int = 0
    name: str = ""
    known_as: str = ""


def find_imports(cells: Sequence[str]) -> list[Import]:
    """Return the imports of code cells, in their order and each once.

    Of a cell that is not Python as a whole, because it is being written, each import counts that
    is Python by itself.

    Parameters
    ----------
    cells
        Sources of code cells of a Python notebook.
    """
    found = dict.fromkeys(one for cell in cells for one in _read(cell).imports)
    return list(found)[:_MAX_IMPORTS]


def find_search_paths(cells: Sequence[str]) -> list[str]:
    """Return the directories that cells add to ``sys.path`` as literals."""
    return list(dict.fromkeys(path for cell in cells for path in _read(cell).search_paths))


def imports_of(node: ast.Import | ast.ImportFrom) -> Iterator[Import]:
    """Yield the names that a statement binds."""
    for alias in node.names:
        if isinstance(node, ast.Import):
            yield Import(alias.name, known_as=alias.asname or alias.name)
        else:
            yield Import(node.module or "", node.level, alias.name, alias.asname or alias.name)


@dataclass(frozen=True)
class _Read:
    """What a cell imports and adds to the path."""

    imports: tuple[Import, ...] = ()
    search_paths: tuple[str, ...] = ()


@cached_texts(_MAX_KEPT)
def _read(cell: str) -> _Read:
    """Return what a cell imports; most cells are the same at the next request."""
    if len(cell) > _MAX_CELL_CHARACTERS or ("import" not in cell and "sys.path" not in cell):
        return _Read()
    imports: list[Import] = []
    search_paths: list[str] = []
    for tree in _trees(python_of_cell(cell)):
        for node in ast.walk(tree):
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                imports += imports_of(node)
            elif isinstance(node, ast.Call) and _is_path_call(node.func) and node.args:
                value = node.args[-1]
                if isinstance(value, ast.Constant) and isinstance(value.value, str):
                    search_paths.append(value.value)
    return _Read(tuple(imports[:_MAX_IMPORTS]), tuple(search_paths))


def _trees(source: str) -> Iterator[ast.Module]:
    """Yield the tree of a cell, or those of its imports if it is not Python as a whole."""
    whole = parse_python(source)
    if whole is not None:
        yield whole
        return
    for match in _STATEMENT.finditer(source):
        first = match[1].partition("\n")[0]
        parsed = map(parse_python, (match[1], first, first.partition(";")[0]))
        yield from islice((line for line in parsed if line is not None), 1)


def _is_path_call(function: ast.expr) -> bool:
    return (
        isinstance(function, ast.Attribute)
        and function.attr in _PATH_CALLS
        and isinstance(function.value, ast.Attribute)
        and function.value.attr == "path"
        and isinstance(function.value.value, ast.Name)
        and function.value.value.id == "sys"
    )
