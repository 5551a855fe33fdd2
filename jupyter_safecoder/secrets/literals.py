"""Finds string literals that belong to a secret name or to one string, by Python's grammar.

Where patterns see one literal beside a name, the grammar sees the rest: unpacked tuples, defaults
behind ``or``, and values that are concatenated from parts, none of which looks like a key.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

#: Functions whose result has the text of their arguments. The arguments of other functions are not
#: followed: those of ``connect(password_name)`` are names more often than values.
_TRANSPARENT = frozenset(
    {
        *("join", "format", "encode", "decode", "strip", "replace", "str", "bytes", "bytearray"),
        *("quote", "quote_plus", "b64encode", "b64decode", "fromhex", "SecretStr", "Secret"),
    }
)
#: Functions that take a name, and as the next argument its default or new value.
_NAME_VALUE = frozenset({"get", "getenv", "setdefault", "pop", "setattr", "setenv", "config"})
#: A URL with a gap that a password fills.
_URL_TEMPLATE = re.compile(r"://[^\s/@]*:(?:%s|%\(\w+\)s|\{\w*\})@")
_LITERAL = re.compile(
    r"[A-Za-z]{0,2}(?P<quote>\"\"\"|'''|\"|')(?P<value>(?:\\[\s\S]|(?!(?P=quote))[\s\S])*)(?P=quote)"
)
#: Characters of the prefix and the quotes of a literal. A constant that takes more was escaped, or
#: is several literals in a row.
_DELIMITERS = 3
_MAGIC = re.compile(r"^(?P<indent>\s*)[%!?].*$", re.MULTILINE)

Assignment = tuple[str, ast.AST]


class Literals:
    """The string literals of a Python cell; lines of magics are ignored.

    Parameters
    ----------
    code
        The text of the cell.

    Raises
    ------
    SyntaxError, ValueError, RecursionError, MemoryError
        If it is not Python.
    """

    def __init__(self, code: str) -> None:
        tree = ast.parse(_MAGIC.sub(r"\g<indent>pass", code))
        self._lines = code.split("\n")
        self._nodes = list(ast.walk(tree))
        # A name stands for the constant that is assigned to it somewhere in the cell.
        self._constants = {
            target.id: node.value
            for node in self._nodes
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
            for target in node.targets
            if isinstance(target, ast.Name)
        }

    def assigned(self, is_secret: Callable[[str], bool]) -> Iterator[tuple[str, str]]:
        """Yield the name and the literals, as they are written, of values of secret names.

        Parameters
        ----------
        is_secret
            Whether a name is secret.
        """
        for node in self._nodes:
            for name, value in _assignments(node):
                if is_secret(name):
                    parts = self.parts(value)
                    whole = ["".join(parts)] if len(parts) > 1 else []
                    yield from ((name, part) for part in parts + whole)
            template = _template(node)
            if template is not None and _URL_TEMPLATE.search("".join(self.parts(template))):
                for value in _template_arguments(node):
                    yield from (("password", part) for part in self.parts(value))

    def concatenated(self) -> Iterator[list[str]]:
        """Yield the parts of each string that is made of several, in their order."""
        for node in self._nodes:
            if isinstance(node, (ast.BinOp, ast.JoinedStr, ast.Call, ast.Constant)):
                parts = self.parts(node)
                if len(parts) > 1:
                    yield parts

    def parts(self, node: ast.AST | None) -> list[str]:
        """Return the literals whose text is in the value of an expression, in their order."""
        found: list[str] = []
        pending = [node]
        while pending:
            node = pending.pop()
            if isinstance(node, ast.Name):
                node = self._constants.get(node.id)
            if not isinstance(node, ast.Constant):
                pending += _operands(node)[::-1]
            elif isinstance(node.value, (str, bytes)):
                found += self._as_written(node)
        return found

    def _as_written(self, node: Any) -> list[str]:
        """Return the literals of a constant as they are written: several in a row are one."""
        first, last = node.lineno - 1, (node.end_lineno or node.lineno) - 1
        value = node.value if isinstance(node.value, str) else node.value.decode("latin-1")
        if first == last and node.end_col_offset - node.col_offset <= len(value) + _DELIMITERS:
            return [value]
        # Columns count bytes.
        lines = [line.encode() for line in self._lines[first : last + 1]]
        lines[-1] = lines[-1][: node.end_col_offset]
        lines[0] = lines[0][node.col_offset :]
        text = b"\n".join(lines).decode(errors="replace")
        written = [match["value"] for match in _LITERAL.finditer(text)]
        # Before Python 3.12 a constant in an f-string has the position of the whole f-string.
        joined = "".join(written)
        return written if joined == value or "\\" in joined else [value]


def _operands(node: ast.AST | None) -> Sequence[ast.AST]:
    """Return the expressions whose text is in the value of an expression."""
    match node:
        case ast.BinOp():
            return [node.left, node.right]
        case ast.JoinedStr() | ast.BoolOp():
            return node.values
        case ast.FormattedValue() | ast.NamedExpr():
            return [node.value]
        case ast.IfExp():
            return [node.body, node.orelse]
        case ast.Tuple() | ast.List() | ast.Set():
            return node.elts
        case ast.Call() if _name(node.func) in _TRANSPARENT:
            receiver = [node.func.value] if isinstance(node.func, ast.Attribute) else []
            return [*receiver, *_arguments(node)]
        case ast.Call() if _name(node.func) in _NAME_VALUE:
            return node.args[1:]
    return []


def _assignments(node: ast.AST) -> Iterable[Assignment]:
    """Return each name of a node with the value that is assigned to it, or compared with it."""
    reader = _READERS.get(type(node))
    return reader(node) if reader else ()


def _of_assign(node: ast.Assign) -> Iterator[Assignment]:
    for target in node.targets:
        yield from _unpack(target, node.value)


def _of_target(node: ast.AnnAssign | ast.AugAssign | ast.NamedExpr) -> Iterator[Assignment]:
    if node.value is not None:
        yield _name(node.target), node.value


def _of_keyword(node: ast.keyword) -> Iterator[Assignment]:
    yield node.arg or "", node.value


def _of_dict(node: ast.Dict) -> Iterator[Assignment]:
    return ((_name(key), value) for key, value in zip(node.keys, node.values, strict=True))


def _of_compare(node: ast.Compare) -> Iterator[Assignment]:
    return ((_name(node.left), other) for other in node.comparators)


def _of_parameters(node: ast.arguments) -> Iterator[Assignment]:
    positional = [*node.posonlyargs, *node.args]
    with_default = positional[len(positional) - len(node.defaults) :]
    pairs = [*zip(with_default, node.defaults, strict=True)]
    pairs += [(a, d) for a, d in zip(node.kwonlyargs, node.kw_defaults, strict=True) if d]
    return ((parameter.arg, default) for parameter, default in pairs)


def _of_call(node: ast.Call) -> Iterator[Assignment]:
    if _name(node.func) in _NAME_VALUE:
        for argument, following in zip(node.args, node.args[1:], strict=False):
            yield _name(argument), following


def _of_default(node: ast.BoolOp) -> Iterator[Assignment]:
    """Read ``os.getenv("TOKEN") or "…"``."""
    first = node.values[0]
    if isinstance(first, ast.Call) and first.args:
        yield from ((_name(first.args[0]), value) for value in node.values[1:])


_READERS: dict[type[ast.AST], Callable[[Any], Iterable[Assignment]]] = {
    ast.Assign: _of_assign,
    ast.AnnAssign: _of_target,
    ast.AugAssign: _of_target,
    ast.NamedExpr: _of_target,
    ast.keyword: _of_keyword,
    ast.Dict: _of_dict,
    ast.Compare: _of_compare,
    ast.arguments: _of_parameters,
    ast.Call: _of_call,
    ast.BoolOp: _of_default,
}


def _unpack(target: ast.AST, value: ast.AST) -> Iterator[Assignment]:
    sequence = (ast.Tuple, ast.List)
    if isinstance(target, sequence) and isinstance(value, sequence):
        for one, part in zip(target.elts, value.elts, strict=False):
            yield from _unpack(one, part)
    else:
        yield _name(target), value


def _name(node: ast.AST | None) -> str:
    match node:
        case ast.Name():
            return node.id
        case ast.Attribute():
            return node.attr
        case ast.Subscript():
            return _name(node.slice)
        case ast.Constant(value=str() as text):
            return text
    return ""


def _template(node: ast.AST) -> ast.AST | None:
    """Return the template of ``template % values`` or ``template.format(values)``."""
    match node:
        case ast.BinOp(left=template, op=ast.Mod()):
            return template
        case ast.Call(func=ast.Attribute(value=template, attr="format")):
            return template
    return None


def _template_arguments(node: ast.AST) -> Sequence[ast.AST]:
    match node:
        case ast.BinOp(right=values):
            return [values]
        case ast.Call():
            return _arguments(node)
    return []


def _arguments(call: ast.Call) -> list[ast.AST]:
    return [*call.args, *(keyword.value for keyword in call.keywords)]
