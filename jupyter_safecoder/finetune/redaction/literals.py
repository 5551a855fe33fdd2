"""String literals that are given to a name that says that it is secret, by Python's own grammar.

Where patterns see one literal beside a name, the grammar sees the rest: unpacked tuples, defaults
behind ``or``, and values that are put together from pieces, so that no piece looks like a key.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

#: Calls that hand on what they are given; any other takes a name of a secret more often than one.
_PASSING = frozenset(
    {
        *("join", "format", "encode", "decode", "strip", "replace", "str", "bytes", "bytearray"),
        *("quote", "quote_plus", "b64encode", "b64decode", "fromhex", "SecretStr", "Secret"),
    }
)
#: Calls whose second argument is there in case the first one's name has no value.
_DEFAULTING = frozenset({"get", "getenv", "setdefault", "pop", "setattr", "setenv", "config"})
#: An address with a gap where the password will stand.
_ADDRESS_GAP = re.compile(r"://[^\s/@]*:(?:%s|%\(\w+\)s|\{\w*\})@")
_LITERAL = re.compile(
    r"[A-Za-z]{0,2}(?P<quote>\"\"\"|'''|\"|')(?P<value>(?:\\[\s\S]|(?!(?P=quote))[\s\S])*)(?P=quote)"
)
#: Characters of prefix and quotes; a constant that takes more was escaped, or is several.
_AROUND = 3
_MAGIC = re.compile(r"^(?P<indent>\s*)[%!?].*$", re.MULTILINE)

Given = tuple[str, str]


class Literals:
    """The string literals of a cell that is Python, magics aside.

    Parameters
    ----------
    code
        Of the cell.

    Raises
    ------
    SyntaxError, ValueError, RecursionError, MemoryError
        If it is no Python.
    """

    def __init__(self, code: str) -> None:
        tree = ast.parse(_MAGIC.sub(r"\g<indent>pass", code))
        self._lines = code.split("\n")
        self._nodes = list(ast.walk(tree))
        # A name stands for what it is given somewhere in the cell.
        self._known = {
            target.id: node.value
            for node in self._nodes
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
            for target in node.targets
            if isinstance(target, ast.Name)
        }

    def named(self, secret: Callable[[str], bool]) -> Iterator[Given]:
        """Yield name and value, as it is written, of what is given to a secret name.

        Parameters
        ----------
        secret
            Whether a name says that it is.
        """
        for node in self._nodes:
            for name, value in _givings(node):
                if secret(name):
                    pieces = self.pieces(value)
                    whole = ["".join(pieces)] if len(pieces) > 1 else []
                    yield from ((name, piece) for piece in pieces + whole)
            template = _template(node)
            if template is not None and _ADDRESS_GAP.search("".join(self.pieces(template))):
                for value in _fillings(node):
                    yield from (("password", piece) for piece in self.pieces(value))

    def joined(self) -> Iterator[list[str]]:
        """Yield the pieces of each string that is put together from several, in their order."""
        for node in self._nodes:
            if isinstance(node, (ast.BinOp, ast.JoinedStr, ast.Call, ast.Constant)):
                pieces = self.pieces(node)
                if len(pieces) > 1:
                    yield pieces

    def pieces(self, node: ast.AST | None) -> list[str]:
        """Return the literals whose text an expression hands on, in their order."""
        found: list[str] = []
        waiting = [node]
        while waiting:
            node = waiting.pop()
            if isinstance(node, ast.Name):
                node = self._known.get(node.id)
            if not isinstance(node, ast.Constant):
                waiting += _parts(node)[::-1]
            elif isinstance(node.value, (str, bytes)):
                found += self._written(node)
        return found

    def _written(self, node: Any) -> list[str]:
        """Return the literals as they are written: several in a row are one constant."""
        first, last = node.lineno - 1, (node.end_lineno or node.lineno) - 1
        value = node.value if isinstance(node.value, str) else node.value.decode("latin-1")
        if first == last and node.end_col_offset - node.col_offset <= len(value) + _AROUND:
            return [value]
        # Columns count bytes.
        lines = [line.encode() for line in self._lines[first : last + 1]]
        lines[-1] = lines[-1][: node.end_col_offset]
        lines[0] = lines[0][node.col_offset :]
        text = b"\n".join(lines).decode(errors="replace")
        written = [match["value"] for match in _LITERAL.finditer(text)]
        # Before Python 3.12 what is within an f-string has the place of the whole.
        same = "".join(written)
        return written if same == value or "\\" in same else [value]


def _parts(node: ast.AST | None) -> Sequence[ast.AST]:
    """Return the expressions whose value an expression hands on."""
    if isinstance(node, ast.BinOp):
        return [node.left, node.right]
    if isinstance(node, (ast.JoinedStr, ast.BoolOp)):
        return node.values
    if isinstance(node, (ast.FormattedValue, ast.NamedExpr)):
        return [node.value]
    if isinstance(node, ast.IfExp):
        return [node.body, node.orelse]
    if isinstance(node, (ast.Tuple, ast.List, ast.Set)):
        return node.elts
    if isinstance(node, ast.Call):
        name = _name(node.func)
        if name in _PASSING:
            inner = [node.func.value] if isinstance(node.func, ast.Attribute) else []
            return [*inner, *node.args, *(keyword.value for keyword in node.keywords)]
        if name in _DEFAULTING:
            return node.args[1:]
    return []


def _givings(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """Yield each name with what it is given, or compared with."""
    if isinstance(node, ast.Assign):
        for target in node.targets:
            yield from _unpack(target, node.value)
    elif isinstance(node, (ast.AnnAssign, ast.AugAssign, ast.NamedExpr)):
        if node.value is not None:
            yield _name(node.target), node.value
    elif isinstance(node, ast.keyword):
        yield node.arg or "", node.value
    elif isinstance(node, ast.Dict):
        yield from ((_name(k), v) for k, v in zip(node.keys, node.values, strict=True))
    elif isinstance(node, ast.Compare):
        yield from ((_name(node.left), other) for other in node.comparators)
    elif isinstance(node, ast.arguments):
        named = [*node.posonlyargs, *node.args]
        with_default = named[len(named) - len(node.defaults) :]
        yield from ((a.arg, d) for a, d in zip(with_default, node.defaults, strict=True))
        pairs = zip(node.kwonlyargs, node.kw_defaults, strict=True)
        yield from ((a.arg, d) for a, d in pairs if d is not None)
    elif isinstance(node, ast.Call) and _name(node.func) in _DEFAULTING:
        for place, argument in enumerate(node.args[:-1]):
            yield _name(argument), node.args[place + 1]
    elif isinstance(node, ast.BoolOp) and isinstance(node.values[0], ast.Call):
        # os.getenv("TOKEN") or "…"
        for argument in node.values[0].args[:1]:
            yield from ((_name(argument), value) for value in node.values[1:])


def _unpack(target: ast.AST, value: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    several = (ast.Tuple, ast.List)
    if isinstance(target, several) and isinstance(value, several):
        for one, part in zip(target.elts, value.elts, strict=False):
            yield from _unpack(one, part)
    else:
        yield _name(target), value


def _name(node: ast.AST | None) -> str:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return node.attr
    if isinstance(node, ast.Subscript):
        return _name(node.slice)
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _template(node: ast.AST) -> ast.AST | None:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod):
        return node.left
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return node.func.value if node.func.attr == "format" else None
    return None


def _fillings(node: ast.AST) -> Sequence[ast.AST]:
    if isinstance(node, ast.BinOp):
        return [node.right]
    assert isinstance(node, ast.Call)
    return [*node.args, *(keyword.value for keyword in node.keywords)]
