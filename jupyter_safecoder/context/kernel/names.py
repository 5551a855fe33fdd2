"""Chooses the names of a kernel that a cell's prompt gets, and reads a kernel's answer.

``labextension/src/completion/kernel/kernelNames.ts`` chooses by the same rules, when the user
enters a cell and after an execution, never at a key.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from jupyter_safecoder.errors import InvalidInput
from jupyter_safecoder.protocol import KernelName, schema
from jupyter_safecoder.validation import validate

#: Maximum number of names that a kernel is asked for; ``probe`` has the same.
MAX_MENTIONED = 100
#: Maximum number of characters of cells that are searched for names.
MAX_SEARCHED = 24_000
#: Maximum number of names of a request, and of their characters.
MAX_NAMES, MAX_CHARACTERS = 40, 6_000
#: Maximum number of characters of one name's columns, keys, fields and members.
MAX_PARTS = 1_000
#: Maximum number of members that the line asks for.
MAX_MEMBERS = 40

#: A name that stands for itself: not an attribute, and not a part of a number.
_IDENTIFIER = re.compile(r"(?<![\w.])[^\W\d]\w*")
#: Too short to say anything, and too long to be written.
_MAX_IDENTIFIER = 80


def mentioned_names(cell: str, above: Sequence[str], below: Sequence[str] = ()) -> list[str]:
    """Return the names that a cell and its neighbours mention, the nearest first.

    Parameters
    ----------
    cell
        Source of the current cell.
    above, below
        Sources of the other code cells, in notebook order.
    """
    names: dict[str, None] = {}
    room = MAX_SEARCHED
    for source in _nearest_first(cell, above, below):
        found = [name for name in _IDENTIFIER.findall(source[:room]) if name not in names]
        names.update(dict.fromkeys(name for name in found if len(name) <= _MAX_IDENTIFIER))
        room -= len(source)
        if room <= 0 or len(names) >= MAX_MENTIONED:
            break
    return list(names)[:MAX_MENTIONED]


def choose_names(names: Iterable[KernelName], mentioned: Sequence[str]) -> list[KernelName]:
    """Return the names of a kernel that a request carries, the most useful first.

    Parameters
    ----------
    names
        What the kernel knows.
    mentioned
        What :func:`mentioned_names` returns.

    Notes
    -----
    Only names that the cells mention are chosen, in that order, as far as they fit. Modules come
    last: their names are in the cells, and only their members are news.
    """
    ranks = {name: rank for rank, name in enumerate(mentioned)}
    known = sorted(
        (name for name in names if name.name in ranks),
        key=lambda name: (name.type == "module", ranks[name.name]),
    )
    chosen: list[KernelName] = []
    room = MAX_CHARACTERS
    for name in map(_shortened, known):
        if len(chosen) < MAX_NAMES and size(name) <= room:
            room -= size(name)
            chosen.append(name)
    return chosen


def read_answer(answer: Any) -> dict[str, Any]:
    """Return the parts of a kernel's answer that are valid.

    Parameters
    ----------
    answer
        From the kernel, whose code may have changed what answers.

    Returns
    -------
    dict
        ``names``: descriptions as in the protocol; ``members``: names by module or class;
        ``complete``: whether there was time for all of them.
    """
    if not isinstance(answer, Mapping):
        return {"names": [], "members": {}, "complete": True}
    names, members = answer.get("names"), answer.get("members")
    return {
        "names": [name for name in _list(names)[:MAX_MENTIONED] if _is_name(name)],
        "members": {
            str(path): [name for name in _list(each) if isinstance(name, str)]
            for path, each in (members.items() if isinstance(members, Mapping) else ())
        },
        "complete": answer.get("complete") is not False,
    }


def size(name: KernelName) -> int:
    """Return the number of characters of a name that count towards the budget."""
    columns = sum(len(column.name) + len(column.dtype) + 3 for column in name.columns)
    parts = sum(len(part) + 2 for part in (*name.keys, *name.fields, *name.members))
    return len(name.name) + len(name.type) + len(name.signature) + len(name.doc) + columns + parts


def _nearest_first(cell: str, above: Sequence[str], below: Sequence[str]) -> Iterable[str]:
    yield cell
    for distance in range(max(len(above), len(below))):
        if distance < len(above):
            yield above[-1 - distance]
        if distance < len(below):
            yield below[distance]


def _shortened(name: KernelName) -> KernelName:
    """Return a name with the first of its columns and so on, as many as there is room for."""
    room = MAX_PARTS
    parts: dict[str, Any] = {}
    for field in ("columns", "keys", "fields", "members"):
        kept = []
        for part in getattr(name, field):
            room -= len(part) + 2 if isinstance(part, str) else len(part.name) + len(part.dtype) + 3
            if room < 0:
                break
            kept.append(part)
        parts[field] = tuple(kept)
    return replace(name, **parts)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _is_name(name: Any) -> bool:
    try:
        validate(_name_schema(), name, "the name")
    except InvalidInput:
        return False
    return True


@cache
def _name_schema() -> dict[str, Any]:
    definition: dict[str, Any] = schema()["definitions"]["KernelName"]
    return definition
