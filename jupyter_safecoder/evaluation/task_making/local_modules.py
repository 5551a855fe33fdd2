"""The modules of a notebook's folder: which it imports, and the names that they define."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

#: Lines that start a magic or a command of the shell are no Python.
_MAGIC = re.compile(r"^([ \t]*)[%!?][^\n]*$", re.MULTILINE)

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


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
    trees = {path: _parse(source) for path, source in modules.items()}
    aliases: dict[str, frozenset[str]] = {}
    imported: set[str] = set()
    libraries: set[str] = set()
    paths: dict[str, None] = {}
    for node in _imports(_parse(source) for source in cells):
        for alias in node.names:
            if isinstance(node, ast.Import):
                path = _path_of(alias.name, trees)
                name = alias.asname or alias.name
                if path is not None:
                    aliases[name] = _names_of(path, trees)
            else:
                module = node.module or ""
                path = _path_of(f"{module}.{alias.name}".lstrip("."), trees)
                if path is not None:
                    aliases[alias.asname or alias.name] = _names_of(path, trees)
                elif (path := _path_of(module, trees)) is not None:
                    names = _names_of(path, trees)
                    imported |= names if alias.name == "*" else {alias.asname or alias.name}
            if path is None:
                libraries.add(alias.asname or alias.name.partition(".")[0])
            else:
                paths[path] = None
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
        package = path.rpartition("/")[0].replace("/", ".")
        for node in _imports([trees[path]]):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            else:
                module = node.module or ""
                if node.level:
                    parts = package.split(".") if package else []
                    above = parts[: len(parts) - node.level + 1]
                    module = ".".join([*above, *filter(None, [module])])
                names = [module, *(f"{module}.{a.name}".lstrip(".") for a in node.names)]
            for name in names:
                found = _path_of(name, trees)
                if found is not None and found not in paths:
                    paths[found] = None
                    waiting.append(found)


def _imports(
    trees: Iterator[ast.Module] | list[ast.Module],
) -> Iterator[ast.Import | ast.ImportFrom]:
    for tree in trees:
        for node in ast.walk(tree):
            if isinstance(node, ast.Import | ast.ImportFrom):
                yield node


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
        imports = [node for node in trees[path].body if isinstance(node, ast.ImportFrom)]
        names |= {alias.asname or alias.name for node in imports for alias in node.names}
    return frozenset(name for name in names if not name.startswith("_"))


def _parse(source: str) -> ast.Module:
    try:
        return ast.parse(_MAGIC.sub(r"\1pass", source))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ast.Module([], [])
