"""Writes annotations, defaults and types of a signature, without long values and secrets."""

from __future__ import annotations

import ast

from jupyter_safecoder.secrets import find_secrets, is_high_entropy

#: A longer default is ``...``; so is one with a string that long, or with a secret.
_MAX_DEFAULT_CHARACTERS = 30
_MAX_ANNOTATION_CHARACTERS = 60
#: Expressions that a default is written of; calls and comprehensions are not.
_PLAIN = (
    *(ast.Constant, ast.Name, ast.Attribute, ast.UnaryOp, ast.unaryop, ast.Load),
    *(ast.Tuple, ast.List, ast.Dict, ast.Set, ast.BinOp, ast.operator),
)
_CONTAINERS = {
    **{ast.List: "list", ast.ListComp: "list", ast.Dict: "dict", ast.DictComp: "dict"},
    **{ast.Set: "set", ast.SetComp: "set", ast.Tuple: "tuple", ast.JoinedStr: "str"},
}
#: Characters of an expression's longest form that is written out at all.
_MAX_NODES = 60


def annotation_text(node: ast.expr | None) -> str:
    """Return an annotation as it is written; empty if there is none, or it is long."""
    if node is None or _is_large(node):
        return ""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        text = node.value
    else:
        text = _written(node)
    if len(text) > _MAX_ANNOTATION_CHARACTERS or not text.isprintable():
        return ""
    return "" if _has_secret("annotation", node) else text


def default_text(name: str, node: ast.expr) -> str:
    """Return the default of a parameter or field; ``...`` for what is long, secret or computed.

    Parameters
    ----------
    name
        The parameter: what is assigned to ``password`` is a secret.
    node
        The expression.
    """
    if _is_large(node) or not all(isinstance(one, _PLAIN) for one in ast.walk(node)):
        return "..."
    text = _written(node)
    if not text or len(text) > _MAX_DEFAULT_CHARACTERS or _has_secret(name, node):
        return "..."
    return text


def type_of(node: ast.expr | None) -> str:
    """Return the type of a value as far as its expression shows it; empty if it does not."""
    if isinstance(node, ast.Constant) and node.value is not None and node.value is not ...:
        return type(node.value).__name__
    if isinstance(node, ast.UnaryOp):
        return "bool" if isinstance(node.op, ast.Not) else type_of(node.operand)
    if isinstance(node, ast.Call):
        called = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        called = node.func.id if isinstance(node.func, ast.Name) else called
        return called if called[:1].isupper() else ""
    return _CONTAINERS.get(type(node), "")


def _has_secret(name: str, node: ast.expr) -> bool:
    """Return whether an expression has a string that may be a password or a key."""
    for one in ast.walk(node):
        if isinstance(one, ast.Constant) and isinstance(one.value, (str, bytes)):
            value = one.value.decode("latin-1") if isinstance(one.value, bytes) else one.value
            if is_high_entropy(value) or find_secrets(f"{name} = {value!r}", code=True):
                return True
    # Of a dictionary, the keys are names, too.
    return bool(find_secrets(f"{name} = {_written(node)}", code=True))


def _is_large(node: ast.expr) -> bool:
    """Return whether an expression has more parts than are worth writing."""
    return any(number >= _MAX_NODES for number, _ in enumerate(ast.walk(node)))


def _written(node: ast.expr) -> str:
    try:
        return ast.unparse(node)
    # ValueError: an integer of thousands of digits.
    except (RecursionError, ValueError):
        return ""
