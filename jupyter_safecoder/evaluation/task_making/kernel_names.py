"""Asks a scratch kernel for its names, as a notebook's kernel is asked while a user types."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any, Protocol

from jupyter_safecoder.context.kernel.names import (
    MAX_MEMBERS,
    choose_names,
    mentioned_names,
    read_answer,
)
from jupyter_safecoder.protocol import KernelName

#: How often a kernel is asked again that had no time for all names.
_MAX_REPETITIONS = 4
#: The names in front of the cursor, with the beginning of the last one.
_DOTTED = re.compile(r"(?<![\w.])([^\W\d][\w.]*)\.(\w*)$")


class Asked(Protocol):
    """What :class:`.scratch_kernel.ScratchKernel` offers for questions."""

    def ask(self, names: Sequence[str], members_of: Sequence[str]) -> Any:
        """Return the answer to a request for names."""


def all_names(kernel: Asked, source: str) -> list[dict[str, Any]]:
    """Return what a kernel says of all names of a cell."""
    return list(_ask(kernel, mentioned_names(source, ()), [])["names"])


def names_at_cursor(
    kernel: Asked, prefix: str, suffix: str, above: Sequence[str], below: Sequence[str]
) -> list[dict[str, Any]]:
    """Return what the prompt at a cursor gets of a kernel.

    Parameters
    ----------
    kernel
        It is idle, before the cell is executed.
    prefix, suffix
        Text of the cell before and after the cursor. What is hidden says nothing here.
    above, below
        Sources of the other code cells, in notebook order.
    """
    mentioned = mentioned_names(f"{prefix}\n{suffix}", above, below)
    typed = _DOTTED.search(prefix.rpartition("\n")[2])
    answer = _ask(kernel, mentioned, [typed[1]] if typed else [])
    names = choose_names(map(KernelName.from_json, answer["names"]), mentioned)
    if typed and (members := answer["members"].get(typed[1])):
        begun = tuple(name for name in members if name.startswith(typed[2]))[:MAX_MEMBERS]
        names = _with_members(names, typed[1], begun)
    return [_as_json(name) for name in names]


def _ask(kernel: Asked, names: Sequence[str], members_of: Sequence[str]) -> dict[str, Any]:
    """Return the answer of a kernel; on a slow machine it has not all names at first."""
    answer = read_answer(kernel.ask(names, members_of))
    for _ in range(_MAX_REPETITIONS):
        if answer["complete"]:
            break
        answer = read_answer(kernel.ask(names, members_of))
    return answer


def _with_members(
    names: Sequence[KernelName], path: str, members: tuple[str, ...]
) -> list[KernelName]:
    """Return the names, first the one whose members are typed."""
    found = next((name for name in names if name.name == path), KernelName(path, "module"))
    others = [name for name in names if name.name != path]
    return [replace(found, members=members), *others] if members else list(names)


def _as_json(name: KernelName) -> dict[str, Any]:
    described = {key: part for key, part in asdict(name).items() if part or key == "type"}
    # With lists instead of tuples.
    return dict(json.loads(json.dumps(described)))
