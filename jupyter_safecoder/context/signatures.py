"""Reads the signatures of a module from its syntax tree; nothing of it is imported or run."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from .imports import Import, imports_of
from .outline import Member, Outline
from .python_source import parse_python
from .values import annotation_text, default_text, type_of

#: More members of a module, or of a class, are left out.
_MAX_MEMBERS, _MAX_PARTS = 400, 60
_MAX_IMPORTS = 200
#: Maximum number of characters of a signature; a longer one loses annotations, then parameters.
_MAX_SIGNATURE_CHARACTERS = 160
_MAX_DOC_CHARACTERS, _MAX_LINE = 120, 1000
_MAX_BASES_CHARACTERS = 80
_MAX_PARAMETERS = 8
#: Methods with underscores that a notebook calls.
_CALLED = frozenset({"__init__", "__call__"})
#: Decorators that change how a method is used.
_KEPT_DECORATORS = frozenset({"property", "classmethod", "staticmethod", "cached_property"})
_DATACLASS = "dataclass"
#: Statements of a module whose bodies are also at its top level, and how deep they are followed.
_BLOCKS = (ast.If, ast.Try, ast.With)
_MAX_DEPTH = 3

_Function = ast.FunctionDef | ast.AsyncFunctionDef


def read_outline(text: str) -> Outline | None:
    """Return the outline of a module; ``None`` if it is not Python.

    Parameters
    ----------
    text
        The source of the module.
    """
    tree = parse_python(text)
    if tree is None:
        return None
    members: list[Member] = []
    imports: list[Import] = []
    exported: frozenset[str] | None = None
    for node in _statements(tree.body):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            imports += imports_of(node)
        elif isinstance(node, _Function):
            members.append(_function(node))
        elif isinstance(node, ast.ClassDef):
            members.append(_class(node))
        elif _is_all(node):
            exported = _names(node)
        else:
            members += _constants(node)
    return Outline(
        _doc_line(tree),
        tuple(_without_overloads(members)[:_MAX_MEMBERS]),
        tuple(imports[:_MAX_IMPORTS]),
        exported,
    )


def _statements(body: Iterable[ast.stmt], depth: int = 0) -> Iterator[ast.stmt]:
    for node in body:
        if not isinstance(node, _BLOCKS):
            yield node
        elif depth < _MAX_DEPTH:
            yield from _statements(node.body, depth + 1)
            handlers = [one for one in getattr(node, "handlers", ()) for one in one.body]
            yield from _statements([*handlers, *getattr(node, "orelse", ())], depth + 1)


def _without_overloads(members: Sequence[Member]) -> list[Member]:
    """Return members without those that a later one of the same name replaces."""
    last = {member.name: number for number, member in enumerate(members)}
    return [member for number, member in enumerate(members) if last[member.name] == number]


def _function(node: _Function, indent: str = "") -> Member:
    keyword = "async def" if isinstance(node, ast.AsyncFunctionDef) else "def"
    decorators = "".join(
        f"{indent}@{name}\n"
        for name in map(_last_name, node.decorator_list)
        if indent and name in _KEPT_DECORATORS
    )
    head = f"{decorators}{indent}{keyword} {node.name}{_signature(node)}:"
    doc = _doc_line(node)
    return Member(node.name, f'{head}\n{indent}    """{doc}"""' if doc else f"{head} ...")


def _signature(node: _Function) -> str:
    returns = annotation_text(node.returns)
    full = f"({', '.join(_parameters(node.args))}){f' -> {returns}' if returns else ''}"
    if len(full) <= _MAX_SIGNATURE_CHARACTERS:
        return full
    names = list(_parameters(node.args, names_only=True))
    short = f"({', '.join(names)})"
    if len(short) <= _MAX_SIGNATURE_CHARACTERS:
        return short
    kept = [
        name[: _MAX_SIGNATURE_CHARACTERS // _MAX_PARAMETERS] for name in names[:_MAX_PARAMETERS]
    ]
    return f"({', '.join([*kept, '...'])})"


def _parameters(arguments: ast.arguments, *, names_only: bool = False) -> Iterator[str]:
    """Yield the parameters of a function as they are written in its signature."""
    positional = [*arguments.posonlyargs, *arguments.args]
    defaults: list[ast.expr | None] = [None] * (len(positional) - len(arguments.defaults))
    defaults += arguments.defaults
    for number, (one, default) in enumerate(zip(positional, defaults, strict=True), 1):
        yield one.arg if names_only else _parameter(one, default)
        if number == len(arguments.posonlyargs):
            yield "/"
    if arguments.vararg is not None:
        yield f"*{arguments.vararg.arg if names_only else _parameter(arguments.vararg, None)}"
    elif arguments.kwonlyargs:
        yield "*"
    for one, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        yield one.arg if names_only else _parameter(one, default)
    if arguments.kwarg is not None:
        yield f"**{arguments.kwarg.arg if names_only else _parameter(arguments.kwarg, None)}"


def _parameter(argument: ast.arg, default: ast.expr | None) -> str:
    annotation = annotation_text(argument.annotation)
    text = f"{argument.arg}: {annotation}" if annotation else argument.arg
    if default is None:
        return text
    value = default_text(argument.arg, default)
    return f"{text} = {value}" if annotation else f"{text}={value}"


def _class(node: ast.ClassDef) -> Member:
    bases = ", ".join(text for text in map(annotation_text, node.bases) if text)
    if len(bases) > _MAX_BASES_CHARACTERS:
        bases = ""
    decorator = "@dataclass\n" if _DATACLASS in map(_last_name, node.decorator_list) else ""
    doc = _doc_line(node)
    head = f"{decorator}class {node.name}{f'({bases})' if bases else ''}:"
    if doc:
        head += f'\n    """{doc}"""'
    parts = _without_overloads(list(_parts(node)))[:_MAX_PARTS]
    return Member(node.name, head, tuple(parts), is_class=True)


def _parts(node: ast.ClassDef) -> Iterator[Member]:
    fields: set[str] = set()
    for one in node.body:
        if isinstance(one, _Function):
            if one.name in _CALLED or not one.name.startswith("_"):
                yield _function(one, "    ")
            if one.name == "__init__":
                yield from (part for part in _attributes(one) if part.name not in fields)
        else:
            for part in _constants(one, "    ", with_default=True):
                if part.is_public:
                    fields.add(part.name)
                    yield part


def _attributes(init: _Function) -> Iterator[Member]:
    """Yield the public attributes that a constructor sets on its object, by name and type."""
    annotations = {
        one.arg: annotation_text(one.annotation) for one in (*init.args.args, *init.args.kwonlyargs)
    }
    seen: set[str] = set()
    for node in islice(_statements(init.body), _MAX_MEMBERS):
        value = getattr(node, "value", None)
        for target in _targets(node):
            name = target.attr if isinstance(target, ast.Attribute) else "_"
            owner = getattr(target, "value", None)
            if name.startswith("_") or name in seen or not _is_name(owner, "self"):
                continue
            seen.add(name)
            kind = annotation_text(getattr(node, "annotation", None))
            if not kind and isinstance(value, ast.Name):
                kind = annotations.get(value.id, "")
            kind = kind or type_of(value)
            yield Member(name, f"    {name}: {kind}" if kind else f"    {name} = ...")


def _constants(node: ast.stmt, indent: str = "", *, with_default: bool = False) -> Iterator[Member]:
    """Yield what an assignment defines, by name and type.

    Parameters
    ----------
    node
        Any statement.
    indent
        In front of the lines.
    with_default
        Whether the default of an annotated field is written, as of a dataclass.
    """
    value = getattr(node, "value", None)
    for target in _targets(node):
        if not isinstance(target, ast.Name) or target.id.startswith("__"):
            continue
        kind = annotation_text(getattr(node, "annotation", None)) or type_of(value)
        text = f"{indent}{target.id}: {kind}" if kind else f"{indent}{target.id} = ..."
        if with_default and isinstance(node, ast.AnnAssign) and value is not None:
            text += f" = {default_text(target.id, value)}"
        yield Member(target.id, text)


def _targets(node: ast.stmt) -> Sequence[ast.expr]:
    if isinstance(node, ast.Assign):
        return node.targets
    return [node.target] if isinstance(node, ast.AnnAssign) else []


def _is_all(node: ast.stmt) -> bool:
    return any(_is_name(target, "__all__") for target in _targets(node))


def _names(node: ast.stmt) -> frozenset[str] | None:
    value = getattr(node, "value", None)
    elements = value.elts if isinstance(value, (ast.List, ast.Tuple)) else [value]
    names = [one.value for one in elements if isinstance(one, ast.Constant)]
    texts = frozenset(name for name in names if isinstance(name, str))
    return texts if len(names) == len(elements) else None


def _is_name(node: ast.expr | None, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _last_name(node: ast.expr) -> str:
    if isinstance(node, ast.Call):
        node = node.func
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _doc_line(node: ast.Module | ast.ClassDef | _Function) -> str:
    """Return the first line of a docstring, without what would end it."""
    doc = ast.get_docstring(node, clean=False) or ""
    line = next((line.strip() for line in doc.split("\n") if line.strip()), "")
    # Escapes may stand for characters that no file has.
    shown = "".join(character for character in line[:_MAX_LINE] if character.isprintable())
    return shown.replace("\\", "").replace('"""', "")[:_MAX_DOC_CHARACTERS].rstrip('" ')
