"""Derives from a notebook's text what its kernel would say of its names.

No code of a corpus is run. What is assigned, defined and indexed by strings in the cells gives
names with types, columns, keys and signatures, in the form that requests have: so training shows
the model the same section of a prompt as serving does.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from functools import lru_cache
from random import Random

from jupyter_safecoder.protocol import Cell, Column, KernelName

#: Types of columns, of which one is drawn: the text does not tell them.
_DTYPES = ("float64", "int64", "object", "datetime64[ns]", "bool")
#: Lines that only IPython reads.
_IPYTHON = ("%", "!", "?")
_MAX_DOC = 200


def static_names(
    above: Sequence[Cell], others: Sequence[Cell], random: Random
) -> tuple[KernelName, ...]:
    """Return the names that the code cells above assign and define, the latest first.

    Parameters
    ----------
    above
        The cells that have been run. Names are theirs.
    others
        The current cell and those below, which may show further columns and keys of these names.
    random
        Draws the types of columns.
    """
    names: dict[str, KernelName] = {}
    for statement in _statements(above):
        for name in _assigned(statement):
            names.pop(name.name, None)  # the latest is last
            names[name.name] = name
    parts: dict[str, dict[str, None]] = {}
    for statement in _statements(above):
        for owner, part, _ in _indexed(statement):
            parts.setdefault(owner, {})[part] = None
    for statement in _statements(others):
        for owner, part, is_set in _indexed(statement):
            if not is_set:  # what is not there yet
                parts.setdefault(owner, {})[part] = None
    found = [_with_parts(name, list(parts.get(name.name, {})), random) for name in names.values()]
    return tuple(name for name in reversed(found) if name.type)


def _statements(cells: Sequence[Cell]) -> Iterator[ast.stmt]:
    for cell in cells:
        if cell.type == "code":
            yield from _parse(cell.source)


@lru_cache(maxsize=1024)
def _parse(source: str) -> tuple[ast.stmt, ...]:
    """Return the statements of a cell; none if Python cannot read it."""
    lines = ["" if line.lstrip().startswith(_IPYTHON) else line for line in source.split("\n")]
    try:
        return tuple(ast.parse("\n".join(lines)).body)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ()


def _assigned(statement: ast.stmt) -> Iterator[KernelName]:
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
        returns = f" -> {ast.unparse(statement.returns)}" if statement.returns else ""
        signature = f"({ast.unparse(statement.args)}){returns}"[:1000]
        yield KernelName(statement.name, "function", signature=signature, doc=_doc(statement))
    elif isinstance(statement, ast.ClassDef):
        fields = tuple(
            item.target.id
            for item in statement.body
            if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name)
        )
        yield KernelName(statement.name, "type", fields=fields, doc=_doc(statement))
    elif isinstance(statement, ast.Assign):
        for target in statement.targets:
            if isinstance(target, ast.Name):
                yield _value(target.id, statement.value)
    elif isinstance(statement, ast.With | ast.For | ast.If | ast.Try):
        for inner in statement.body:
            yield from _assigned(inner)


def _doc(statement: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> str:
    return (ast.get_docstring(statement) or "").partition("\n")[0][:_MAX_DOC]


def _value(name: str, value: ast.expr) -> KernelName:
    """Return a name by the expression that is assigned to it; its type may be unknown."""
    if isinstance(value, ast.Constant):
        return KernelName(name, type(value.value).__name__)
    if isinstance(value, ast.Dict):
        keys = (key.value for key in value.keys if isinstance(key, ast.Constant))
        return KernelName(name, "dict", keys=tuple(key for key in keys if isinstance(key, str)))
    for kind, nodes in _LITERALS.items():
        if isinstance(value, nodes):
            return KernelName(name, kind)
    if isinstance(value, ast.Call):
        called = ast.unparse(value.func).rpartition(".")[2]
        if called.startswith(("read_", "DataFrame", "merge")):
            return KernelName(name, "DataFrame")
        if called[:1].isupper():
            return KernelName(name, called)
    return KernelName(name, "")


_LITERALS = {
    "list": (ast.List, ast.ListComp),
    "tuple": (ast.Tuple,),
    "set": (ast.Set, ast.SetComp),
    "dict": (ast.DictComp,),
    "function": (ast.Lambda,),
}


def _indexed(statement: ast.stmt) -> Iterator[tuple[str, str, bool]]:
    """Yield the names that are indexed by strings, with these strings, and whether they are set."""
    for node in ast.walk(statement):
        if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name):
            index = node.slice
            items = index.elts if isinstance(index, ast.List | ast.Tuple) else [index]
            for item in items:
                if isinstance(item, ast.Constant) and isinstance(item.value, str):
                    yield node.value.id, item.value, isinstance(node.ctx, ast.Store)


def _with_parts(name: KernelName, parts: list[str], random: Random) -> KernelName:
    if name.type == "dict":
        return KernelName(name.name, name.type, keys=tuple(dict.fromkeys((*name.keys, *parts))))
    if name.type not in ("", "DataFrame") or not (parts or name.type):
        return name
    columns = tuple(Column(part, random.choice(_DTYPES)) for part in sorted(parts))
    shape = (random.randrange(10, 100_000), len(columns)) if columns else ()
    return KernelName(name.name, "DataFrame", shape, columns)
