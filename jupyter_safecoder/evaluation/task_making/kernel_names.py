"""Asks a scratch kernel for its names, as a notebook's kernel is asked while somebody types."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any, Protocol

#: Seconds for an answer of the kernel, which itself takes a twentieth of a second.
_ANSWER_S = 10.0
#: Maximum number of names that are asked for, and of members that a task keeps.
MAX_NAMES, MAX_MEMBERS = 100, 40
_NAME = re.compile(r"(?<![\w.])[^\W\d]\w*")
#: The names in front of the cursor, with the beginning of the last one.
_DOTTED = re.compile(r"(?<![\w.])([^\W\d][\w.]*)\.(\w*)$")


class Asked(Protocol):
    """What :class:`.scratch_kernel.ScratchKernel` offers for questions."""

    def ask(self, code: str, expression: str, seconds: float) -> str | None:
        """Execute code silently; return the value of an expression that is a string."""


def mentioned_names(texts: Iterable[str]) -> list[str]:
    """Return the names in texts, in their order, each once."""
    found = (name for text in texts for name in _NAME.findall(text))
    return list(dict.fromkeys(found))[:MAX_NAMES]


def describe_names(
    kernel: Asked, probe: str, names: Sequence[str], prefix: str = ""
) -> list[dict[str, Any]]:
    """Return what a kernel says of names: never values.

    Parameters
    ----------
    kernel
        It is idle.
    probe
        Python that defines ``describe_names(namespace, names, members_of)``.
    names
        The names, the most important ones first.
    prefix
        Text of the cell before the cursor: of a module whose member is typed, the members are
        asked for, too.
    """
    typed = _DOTTED.search(prefix.rpartition("\n")[2])
    members_of = [typed[1]] if typed else []
    answer = kernel.ask(
        _question(probe, names, members_of), "globals().pop('_safecoder_answer')", _ANSWER_S
    )
    try:
        found = json.loads(answer or "")
        described = [dict(one) for one in found["names"]]
        members = found["members"]
    except (ValueError, KeyError, TypeError):
        return []
    if typed and members.get(typed[1]):
        _add_members(described, typed[1], [m for m in members[typed[1]] if m.startswith(typed[2])])
    return described


def _add_members(described: list[dict[str, Any]], path: str, members: list[str]) -> None:
    for one in described:
        if one["name"] == path:
            one["members"] = members[:MAX_MEMBERS]
            return
    described.insert(0, {"name": path, "type": "module", "members": members[:MAX_MEMBERS]})


def _question(probe: str, names: Sequence[str], members_of: Sequence[str]) -> str:
    """Return code that leaves the answer in one name, and no other trace."""
    return (
        "def _safecoder_answer():\n"
        "    import json\n"
        "    probe = {'__name__': 'safecoder_probe'}\n"
        f"    exec({probe!r}, probe)\n"
        f"    names, members = {list(names)!r}, {list(members_of)!r}\n"
        "    return json.dumps(probe['describe_names'](globals(), names, members))\n"
        "_safecoder_answer = _safecoder_answer()\n"
    )
