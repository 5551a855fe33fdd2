"""The modules of a notebook's folder: which it imports, and the names that they define."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from jupyter_safecoder.context.imports import Import, find_imports, imports_of
from jupyter_safecoder.context.python_source import parse_python

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
#: Of a module that is no Python.
_EMPTY = ast.Module([], [])


@dataclass(frozen=True)
class LocalNames:
    """What a notebook knows of local modules.

    Parameters
    ----------
    aliases
        The functions and classes of each module, by what the notebook calls the module.
    imported
        Functions and classes that the notebook imports by name.
    libraries
        What the notebook imports from elsewhere, as it calls it.
    methods
        The methods of each class of these modules.
    paths
        The paths of the modules: first those that the notebook imports, then those that these
        import.
    """

    aliases: Mapping[str, frozenset[str]] = field(default_factory=dict)
    imported: frozenset[str] = frozenset()
    libraries: frozenset[str] = frozenset()
    methods: Mapping[str, frozenset[str]] = field(default_factory=dict)
    paths: tuple[str, ...] = ()

    def has_member(self, owner: str, name: str, owner_type: str) -> bool:
        """Return whether a name is a function of a local module, or a method of a local class.

        Parameters
        ----------
        owner, name
            As in ``owner.name``.
        owner_type
            The type of the owner as the kernel says it; empty: not known.
        """
        methods = self.methods.get(owner_type.rpartition(".")[2], frozenset())
        return name in self.aliases.get(owner, ()) or name in methods


def local_names(cells: Sequence[str], modules: Mapping[str, str]) -> LocalNames:
    """Return what cells import of local modules; nothing is imported to find it.

    Parameters
    ----------
    cells
        Sources of code cells of a Python notebook.
    modules
        The source of each Python file by its path, relative to the notebook, with ``/``.
    """
    trees = {path: parse_python(source) or _EMPTY for path, source in modules.items()}
    aliases: dict[str, frozenset[str]] = {}
    imported: set[str] = set()
    libraries: set[str] = set()
    paths: dict[str, None] = {}
    for one in find_imports(cells):
        submodule = _path_of(f"{one.module}.{one.name}".strip("."), trees)
        path = submodule or _path_of(one.module, trees)
        if path is None:
            libraries.add(one.known_as if one.name else one.known_as.partition(".")[0])
            continue
        paths[path] = None
        if submodule:
            aliases[one.known_as] = _names_of(path, trees)
        else:
            imported |= _names_of(path, trees) if one.name == "*" else {one.known_as}
    _add_imported(paths, trees)
    methods = {
        node.name: frozenset(part.name for part in node.body if isinstance(part, _FUNCTIONS))
        for path in paths
        for node in trees[path].body
        if isinstance(node, ast.ClassDef)
    }
    return LocalNames(aliases, frozenset(imported), frozenset(libraries), methods, tuple(paths))


def _add_imported(paths: dict[str, None], trees: Mapping[str, ast.Module]) -> None:
    """Add the modules that the modules of these paths import, and so on."""
    waiting = list(paths)
    while waiting:
        path = waiting.pop(0)
        for one in _imports_of(trees[path]):
            module = _absolute(one, path)
            for name in (module, f"{module}.{one.name}".strip(".")):
                found = _path_of(name, trees)
                if found is not None and found not in paths:
                    paths[found] = None
                    waiting.append(found)


def _imports_of(tree: ast.Module) -> list[Import]:
    nodes = (node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom))
    return [one for node in nodes for one in imports_of(node)]


def _absolute(one: Import, path: str) -> str:
    """Return the name of a module that the module of a path imports."""
    if not one.level:
        return one.module
    parts = path.split("/")[: -one.level]
    return ".".join([*parts, *filter(None, [one.module])])


def _path_of(module: str, trees: Mapping[str, ast.Module]) -> str | None:
    """Return the path of a module by its dotted name."""
    stem = module.replace(".", "/")
    candidates = (f"{stem}.py", f"{stem}/__init__.py")
    return next((path for path in candidates if path in trees), None) if stem else None


def _names_of(path: str, trees: Mapping[str, ast.Module]) -> frozenset[str]:
    """Return the public functions and classes of a module; a package has those it imports, too."""
    names = {
        node.name for node in trees[path].body if isinstance(node, (*_FUNCTIONS, ast.ClassDef))
    }
    if path.endswith("__init__.py"):
        names |= {one.known_as for one in _imports_of(trees[path]) if one.name}
    return frozenset(name for name in names if not name.startswith("_"))
