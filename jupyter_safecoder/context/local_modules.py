"""Finds the modules of a project that a notebook imports, and describes them as stubs."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

from .imports import Import, find_imports, find_search_paths
from .outline import Member, Outline
from .stub import write_stub

#: Returns the outline of a module by its path; ``None`` if there is no such module.
ReadOutline = Callable[[str], Outline | None]

#: Maximum number of characters of all stubs, and of modules that are described.
BUDGET = 3_000
_MAX_MODULES = 12
#: Modules that are read, and how far a re-export is followed.
_MAX_READ = 200
_MAX_DEPTH = 3
#: Imports of modules that are followed in all: each may import everything of many others.
_MAX_FOLLOWED = 2_000
#: Directories in which modules are searched.
_MAX_ROOTS = 20
_WORD = re.compile(r"[^\W\d]\w*")


@dataclass(frozen=True)
class LocalModule:
    """A module of the project that the notebook imports.

    Parameters
    ----------
    path
        Its path, as the outlines are read by.
    known_as
        What the notebook calls the module, and what it imports from it.
    text
        Its stub.
    """

    path: str
    known_as: tuple[str, ...]
    text: str


@dataclass
class _Use:
    """How the notebook uses a module."""

    known_as: dict[str, None] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)


def describe_modules(
    cells: Sequence[str],
    read: ReadOutline,
    *,
    directory: str = "",
    top: str = "",
    mentioned_before: Collection[str] = (),
    budget: int = BUDGET,
) -> list[LocalModule]:
    """Return the local modules that code cells import, in the order of the imports.

    Parameters
    ----------
    cells
        Sources of code cells; the current one and those next to it are last.
    read
        Reads modules.
    directory
        The notebook's directory; empty for the one that paths start from.
    top
        The highest directory in which modules are searched: the notebook's, or one above it.
    mentioned_before
        Names that other cells of the notebook mention: as long as there is space, what they name
        stays in front, so that the stubs are the same wherever the cursor is.
    budget
        Maximum number of characters of all stubs.
    """
    imports = find_imports(cells)
    modules = _Modules(read, _roots(directory, top, find_search_paths(cells)), directory)
    for one in imports:
        modules.use(one)
    mentioned = mentioned_names(cells)
    ever = mentioned.union(mentioned_before)
    modules.use_mentioned(ever)
    chosen = modules.selected(mentioned_names(cells[-1:]))
    described: list[LocalModule] = []
    for number, (path, use) in enumerate(chosen):
        members = modules.members(path, use, ever)
        outline = modules.read(path)
        share = budget // (len(chosen) - number)
        names = ever.union(use.names)
        if sum(member.size() for member in members if member.name in names) > share:
            names = mentioned.union(use.names)
        text = write_stub(outline.doc if outline else "", members, names, share)
        if text:
            budget -= len(text)
            known_as = (*use.known_as, *(use.names.values()))
            described.append(LocalModule(path, known_as, text))
    return described


def mentioned_names(cells: Sequence[str]) -> set[str]:
    """Return the identifiers of cells."""
    return {name for cell in cells for name in _WORD.findall(cell)}


def _roots(directory: str, top: str, search_paths: Sequence[str]) -> list[str]:
    """Return the directories in which modules are searched, in the order of Python's path."""
    roots: dict[str, None] = {directory: None}
    for path in search_paths:
        if not posixpath.isabs(path):
            roots[normal_path(posixpath.join(directory, path))] = None
    above = [directory]
    while above[-1] != top and above[-1]:
        above.append(posixpath.dirname(above[-1]))
    roots |= dict.fromkeys(above)
    roots |= {posixpath.join(one, "src"): None for one in above}
    inside = [root for root in roots if root != ".." and not root.startswith("../")]
    return inside[:_MAX_ROOTS]


def normal_path(path: str) -> str:
    """Return a path without ``.`` and inner ``..``; empty for the directory itself."""
    path = posixpath.normpath(path)
    return "" if path == "." else path


class _Modules:
    """The modules that a notebook uses, in the order of their first import.

    Parameters
    ----------
    read
        Reads modules.
    roots
        Directories in which modules are searched.
    directory
        The notebook's directory.
    """

    def __init__(self, read: ReadOutline, roots: Sequence[str], directory: str) -> None:
        self._read = read
        self._roots = roots
        self._directory = directory
        self._outlines: dict[str, Outline | None] = {}
        self._uses: dict[str, _Use] = {}
        self._left = _MAX_READ
        self._followed = 0

    def read(self, path: str) -> Outline | None:
        """Return the outline of a module, read once."""
        if path not in self._outlines:
            outline = self._read(path) if self._left else None
            self._left -= outline is not None
            self._outlines[path] = outline
        return self._outlines[path]

    def use(self, one: Import) -> None:
        """Remember that the notebook imports something."""
        directory = self._start(one, self._directory)
        if not one.name:
            self._use_module(one.module, one.known_as)
            return
        path = self._find(one.module, directory)
        outline = self.read(path) if path else None
        if path and (one.name == "*" or self._defines(path, one.name)):
            use = self._uses.setdefault(path, _Use())
            if one.name != "*":
                use.names[one.name] = one.known_as
            return
        inner = self._find(f"{one.module}.{one.name}".lstrip("."), directory)
        if inner:
            self._uses.setdefault(inner, _Use()).known_as[one.known_as] = None
        elif path and outline is not None:
            # What the module makes when it runs, or what is being typed.
            self._uses.setdefault(path, _Use())

    def use_mentioned(self, mentioned: set[str]) -> None:
        """Add the modules that those in use import, if the notebook mentions their names."""
        for path, use in [*self._uses.items()]:
            outline = self.read(path)
            for one in outline.imports if outline else ():
                if one.name in mentioned and outline and outline.member(one.known_as) is None:
                    directory = self._start(one, posixpath.dirname(path))
                    inner = self._find(f"{one.module}.{one.name}".lstrip("."), directory)
                    if inner and use.known_as:
                        owner = next(iter(use.known_as))
                        inner_use = self._uses.setdefault(inner, _Use())
                        inner_use.known_as[f"{owner}.{one.known_as}"] = None

    def selected(self, mentioned: set[str]) -> list[tuple[str, _Use]]:
        """Return the modules to describe: those that the last cell mentions, then the others."""
        uses = [*self._uses.items()]

        def is_unmentioned(item: tuple[str, _Use]) -> bool:
            names = (*item[1].known_as, *item[1].names.values())
            return not any(name.partition(".")[0] in mentioned for name in names)

        chosen = {path for path, _ in sorted(uses, key=is_unmentioned)[:_MAX_MODULES]}
        return [(path, use) for path, use in uses if path in chosen]

    def members(self, path: str, use: _Use, mentioned: set[str]) -> list[Member]:
        """Return what a module has, with what it imports from others of the project."""
        outline = self.read(path)
        if outline is None:
            return []
        members = {
            one.name: one for one in outline.members if one.is_public or one.name in use.names
        }
        is_package = posixpath.basename(path) == "__init__.py"
        for one in outline.imports:
            wanted = one.known_as in use.names or one.known_as in mentioned
            if not is_package and not wanted and one.name != "*":
                continue
            for member in self._imported(path, one, _MAX_DEPTH):
                if member.is_public or member.name in use.names:
                    members.setdefault(member.name, member)
        return [*members.values()]

    def _use_module(self, name: str, known_as: str) -> None:
        parts = name.split(".")
        if known_as != name:
            if path := self._find(name, None):
                self._uses.setdefault(path, _Use()).known_as[known_as] = None
            return
        # ``import a.b`` binds a, and imports both.
        for end in range(1, len(parts) + 1):
            if path := self._find(".".join(parts[:end]), None):
                known = ".".join(parts[:end])
                self._uses.setdefault(path, _Use()).known_as[known] = None

    def _start(self, one: Import, directory: str) -> str | None:
        """Return the directory that a relative import starts from; ``None``: the search path."""
        if not one.level:
            return None
        for _ in range(one.level - 1):
            directory = posixpath.dirname(directory)
        return directory

    def _find(self, name: str, directory: str | None) -> str | None:
        """Return the path of a module that there is."""
        inner = name.replace(".", "/")
        for root in self._roots if directory is None else [directory]:
            base = posixpath.join(root, inner) if inner else root
            for path in (posixpath.join(base, "__init__.py"), f"{base}.py"):
                if (inner or path.endswith("__init__.py")) and self.read(path) is not None:
                    return path
        return None

    def _defines(self, path: str, name: str) -> bool:
        outline = self.read(path)
        if outline is None:
            return False
        return outline.member(name) is not None or any(
            member.name == name
            for one in outline.imports
            if one.known_as == name or one.name == "*"
            for member in self._imported(path, one, _MAX_DEPTH)
        )

    def _imported(self, path: str, one: Import, depth: int) -> list[Member]:
        """Return the members that an import of a module brings into it."""
        self._followed += 1
        if not one.name or depth == 0 or self._followed > _MAX_FOLLOWED:
            return []
        inner = self._find(one.module, self._start(one, posixpath.dirname(path)))
        outline = self.read(inner) if inner and inner != path else None
        if inner is None or outline is None:
            return []
        if one.name == "*":
            own = [*outline.public()]
            return own + [
                member
                for two in outline.imports
                if two.name == "*" or two.known_as in (outline.exported or ())
                for member in self._imported(inner, two, depth - 1)
            ]
        member = outline.member(one.name)
        if member is not None:
            return [member.named(one.known_as)]
        return [
            member.named(one.known_as)
            for two in outline.imports
            if two.known_as == one.name or two.name == "*"
            for member in self._imported(inner, two, depth - 1)
            if member.name == one.name
        ][:1]
