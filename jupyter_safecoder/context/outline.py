"""What a module has, as a stub of it is written: plain data that is kept by modification time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from .imports import Import


@dataclass(frozen=True)
class Member:
    """A function, a class or a constant of a module, or a method or field of a class.

    Parameters
    ----------
    name
        Its name.
    text
        Its lines in a stub; of a class, those in front of its parts.
    parts
        The methods and fields of a class.
    is_class
        Whether it is a class.
    """

    name: str
    text: str
    parts: tuple[Member, ...] = ()
    is_class: bool = False

    @property
    def is_public(self) -> bool:
        """Whether its name has no underscore in front."""
        return not self.name.startswith("_")

    def named(self, name: str) -> Member:
        """Return it as another module that imports it under this name has it."""
        if name == self.name:
            return self
        text = re.sub(rf"\b{re.escape(self.name)}\b", lambda _: name, self.text, count=1)
        return replace(self, name=name, text=text)

    def size(self) -> int:
        """Return the number of characters that are kept of it."""
        return len(self.text) + sum(part.size() for part in self.parts)


@dataclass(frozen=True)
class Outline:
    """A module without the bodies of its functions.

    Parameters
    ----------
    doc
        The first line of its docstring.
    members
        What it defines, in the order of the source.
    imports
        What its top level imports.
    exported
        The names in its ``__all__``; ``None`` without one that can be read.
    """

    doc: str = ""
    members: tuple[Member, ...] = ()
    imports: tuple[Import, ...] = ()
    exported: frozenset[str] | None = None

    def member(self, name: str) -> Member | None:
        """Return what it defines under a name; the last one counts."""
        return next((one for one in reversed(self.members) if one.name == name), None)

    def public(self) -> Iterator[Member]:
        """Yield what ``import *`` would import of what it defines."""
        for member in self.members:
            if member.name in self.exported if self.exported is not None else member.is_public:
                yield member

    def size(self) -> int:
        """Return the number of characters that are kept of it."""
        return len(self.doc) + sum(member.size() for member in self.members)
