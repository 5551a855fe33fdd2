"""Finds string literals that belong to a secret name or to one string, by Python's grammar.

Where patterns see one literal beside a name, the grammar sees the rest: unpacked tuples, defaults
behind ``or``, and values that are concatenated from parts, none of which looks like a key.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

#: Functions whose result has the text of their arguments. The arguments of other functions are not
#: followed: those of ``connect(password_name)`` are names more often than values.
_TRANSPARENT = frozenset(
    {
        *("join", "format", "encode", "decode", "strip", "replace", "str", "bytes", "bytearray"),
        *("quote", "quote_plus", "b64encode", "b64decode", "fromhex", "SecretStr", "Secret"),
    }
)
#: Functions that declare a field or an option with a default value.
_DECLARING = frozenset({"Field", "field", "Option", "Argument", "Str", "Unicode", "Password"})
#: Functions that take a name, and as the next argument its default or new value.
_NAME_VALUE = frozenset(
    {
        *("get", "getenv", "setdefault", "pop", "setattr", "setenv", "config", "set", "put"),
        *("fill", "type", "add_header", "putheader", "assign", "set_option", "field", "set_secret"),
    }
)
#: A URL with a gap that a password fills.
_URL_TEMPLATE = re.compile(r"://[^\s/@]{0,99}:(?:%s|%\(\w{1,40}\)s|\{\w{0,40}\})@")
_LITERAL = re.compile(
    r"(?P<quote>\"\"\"|'''|\"|')(?P<value>(?:\\[\s\S]|(?!(?P=quote))[\s\S])*)(?P=quote)"
)
#: Characters of the prefix and the quotes of a literal. A constant that takes more was escaped, or
#: is several literals in a row.
_DELIMITERS = 3
#: A literal that can be a part of a key.
FRAGMENT = re.compile(r"[\"'}][A-Za-z+/_=-]{0,60}\d[A-Za-z0-9+/_=-]{2,60}[\"'{]")
_MAGIC = re.compile(r"^(?P<indent>[ \t]*)[%!?].*$", re.MULTILINE)
_ASSIGNED_MAGIC = re.compile(r"^(?P<target>[ \t]{0,40}[\w, ]{1,80}=[ \t]*)[%!].*$", re.MULTILINE)

Assignment = tuple[str, ast.AST]


class Literal(NamedTuple):
    """A string literal as it is written, and where its text starts in the cell."""

    text: str
    start: int


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
        self.tree = ast.parse(
            _ASSIGNED_MAGIC.sub(r"\g<target>0", _MAGIC.sub(r"\g<indent>pass", code))
        )
        self._code = code
        self._lines = code.split("\n")
        self._starts = [0]
        for line in self._lines:
            self._starts.append(self._starts[-1] + len(line) + 1)
        self.nodes = _relevant_nodes(self.tree)
        # A name stands for the constants that are assigned to it somewhere in the cell.
        self._constants: dict[str, list[ast.Constant]] = {}
        for node in self.nodes:
            for name, value in _assignments(node) if isinstance(node, _BINDING) else ():
                if isinstance(value, ast.Constant) and isinstance(value.value, (str, bytes)):
                    self._constants.setdefault(name, []).append(value)

    def constants(self) -> dict[str, tuple[Literal, ...]]:
        """Return the literals that are assigned to each name alone."""
        return {
            name: tuple(literal for node in nodes for literal in self._as_written(node))
            for name, nodes in self._constants.items()
        }

    def assigned(
        self, is_secret: Callable[[str], bool], missing: dict[str, str] | None = None
    ) -> Iterator[tuple[str, Literal]]:
        """Yield the name and the literals, as they are written, of values of secret names.

        Parameters
        ----------
        is_secret
            Whether a name is secret.
        missing
            Gets the names in such values that the cell assigns no literal to, each with the secret
            name.
        """
        for node in self.nodes:
            for name, value in _assignments(node):
                if is_secret(name):
                    names: set[str] = set()
                    parts = self.parts(value, names)
                    if missing is not None:
                        missing.update(dict.fromkeys(names, name))
                    whole = [Literal("".join(part.text for part in parts), -1)]
                    yield from ((name, part) for part in parts + whole * (len(parts) > 1))
            template = _template(node)
            if template is not None and _URL_TEMPLATE.search(self.text(template)):
                for value in _template_arguments(node):
                    yield from (("password", part) for part in self.parts(value))

    def has_fragment(self) -> bool:
        """Return whether the cell has a literal that can be a part of a key."""
        return bool(FRAGMENT.search(self._code))

    def concatenated(self) -> Iterator[list[Literal]]:
        """Yield the parts of each string that is made of several, in their order."""
        for node in self.nodes:
            if isinstance(node, (ast.BinOp, ast.JoinedStr, ast.Call, ast.Constant)):
                parts = self.parts(node)
                if len(parts) > 1:
                    yield parts

    def text(self, node: ast.AST | None) -> str:
        """Return the text of the literals in the value of an expression."""
        return "".join(part.text for part in self.parts(node))

    def parts(self, node: ast.AST | None, missing: set[str] | None = None) -> list[Literal]:
        """Return the literals whose text is in the value of an expression, in their order.

        Parameters
        ----------
        node
            The expression.
        missing
            Gets the names in it that the cell assigns no literal to.
        """
        found: list[Literal] = []
        pending = [node]
        while pending:
            node = pending.pop()
            if isinstance(node, ast.Name):
                constants = self._constants.get(node.id, [])
                if missing is not None and not constants:
                    missing.add(node.id)
                for constant in constants:
                    found += self._as_written(constant)
            elif not isinstance(node, ast.Constant):
                pending += _operands(node)[::-1]
            elif isinstance(node.value, (str, bytes)):
                found += self._as_written(node)
        return found

    def _as_written(self, node: Any) -> list[Literal]:
        """Return the literals of a constant as they are written: several in a row are one."""
        value = node.value if isinstance(node.value, str) else node.value.decode("latin-1")
        start = self._offset(node.lineno, node.col_offset)
        end = self._offset(node.end_lineno or node.lineno, node.end_col_offset)
        text = self._code[start:end]
        if len(text) <= len(value) + _DELIMITERS + len(text) - len(text.lstrip("rbufRBUF")):
            return [Literal(value, start + max(0, text.find(value)))]
        written = [Literal(m["value"], start + m.start("value")) for m in _LITERAL.finditer(text)]
        # Before Python 3.12 a constant in an f-string has the position of the whole f-string.
        joined = "".join(literal.text for literal in written)
        if joined == value or "\\" in joined:
            return written
        return [Literal(value, start + text.find(value) if value in text else -1)]

    def _offset(self, line: int, column: int) -> int:
        # Columns count bytes.
        text = self._lines[line - 1]
        if not text.isascii():
            column = len(text.encode()[:column].decode(errors="replace"))
        return self._starts[line - 1] + column


def _relevant_nodes(tree: ast.AST) -> list[ast.AST]:
    """Return the nodes that assign, call or make strings; ``ast.walk`` is slower."""
    pending, found = [tree], []
    for node in pending:
        if isinstance(node, _RELEVANT):
            found.append(node)
        for name in node._fields:
            value = getattr(node, name, None)
            if isinstance(value, list):
                pending += [one for one in value if isinstance(one, ast.AST)]
            elif isinstance(value, ast.AST) and not isinstance(value, _LEAVES):
                pending.append(value)
    return found


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
        case ast.Call() if name_of(node.func) in _TRANSPARENT:
            receiver = [node.func.value] if isinstance(node.func, ast.Attribute) else []
            return [*receiver, *_arguments(node)]
        case ast.Call() if name_of(node.func) in _DECLARING:
            given = [one.value for one in node.keywords if one.arg in ("default", "value")]
            return [*node.args[:1], *given]
        case ast.Call() if name_of(node.func) in _NAME_VALUE:
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
        yield name_of(node.target), node.value


def _of_keyword(node: ast.keyword) -> Iterator[Assignment]:
    yield node.arg or "", node.value


def _of_dict(node: ast.Dict) -> Iterator[Assignment]:
    return ((name_of(key), value) for key, value in zip(node.keys, node.values, strict=True))


def _of_compare(node: ast.Compare) -> Iterator[Assignment]:
    return ((name_of(node.left), other) for other in node.comparators)


def _of_parameters(node: ast.arguments) -> Iterator[Assignment]:
    positional = [*node.posonlyargs, *node.args]
    with_default = positional[len(positional) - len(node.defaults) :]
    pairs = [*zip(with_default, node.defaults, strict=True)]
    pairs += [(a, d) for a, d in zip(node.kwonlyargs, node.kw_defaults, strict=True) if d]
    return ((parameter.arg, default) for parameter, default in pairs)


def _of_call(node: ast.Call) -> Iterator[Assignment]:
    if name_of(node.func) in _NAME_VALUE:
        for argument, following in zip(node.args, node.args[1:], strict=False):
            yield name_of(argument), following


def _of_default(node: ast.BoolOp) -> Iterator[Assignment]:
    """Read ``os.getenv("TOKEN") or "…"``."""
    first = node.values[0]
    if isinstance(first, ast.Call) and first.args:
        yield from ((name_of(first.args[0]), value) for value in node.values[1:])


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
_RELEVANT = (*_READERS, ast.BinOp, ast.JoinedStr, ast.Constant)
_LEAVES = (ast.Name, ast.expr_context, ast.operator, ast.unaryop, ast.boolop)
#: The nodes that give a name a value.
_BINDING = (ast.Assign, ast.AnnAssign, ast.NamedExpr)


def _unpack(target: ast.AST, value: ast.AST) -> Iterator[Assignment]:
    sequence = (ast.Tuple, ast.List)
    if isinstance(target, sequence) and isinstance(value, sequence):
        for one, part in zip(target.elts, value.elts, strict=False):
            yield from _unpack(one, part)
    else:
        yield name_of(target), value


def name_of(node: ast.AST | None) -> str:
    """Return the name that an expression is called by, or an empty text."""
    match node:
        case ast.Name():
            return node.id
        case ast.Attribute():
            return node.attr
        case ast.Subscript():
            return name_of(node.slice)
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
