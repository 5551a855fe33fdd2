"""What belongs to which group: adapters and jobs of a group have its mark before their names.

They lie beside all others in the cache directory, and the service's doors put the mark before every
name that somebody says: of another group, nothing can be named.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace

from jupyter_safecoder.adapters.registry import check_name
from jupyter_safecoder.errors import FinetuneError
from jupyter_safecoder.protocol import Status

_MARK = re.compile(r"team-[0-9a-f]{12}-")
#: What the mark leaves of the 64 characters that a name may have.
_MOST_CHARACTERS = 46


def mark(group: str) -> str:
    """Return what stands before the names of a group."""
    return f"team-{hashlib.sha256(group.encode()).hexdigest()[:12]}-"


def qualified_name(group: str, name: str) -> str:
    """Return the name of a group's adapter or job as the cache directory has it.

    Raises
    ------
    FinetuneError
        If it cannot be one.
    """
    if len(name) > _MOST_CHARACTERS:
        raise FinetuneError(
            "The name is too long for an adapter of a group.",
            f"Take {_MOST_CHARACTERS} characters at most.",
        )
    check_name(name)
    return mark(group) + name


def display_name(name: str) -> str:
    """Return a name as its group says it."""
    return _MARK.sub("", name)


def display_names(status: Status) -> Status:
    """Return a runtime's state with the names that people know."""
    model = status.model and replace(status.model, name=display_name(status.model.name))
    return replace(
        status,
        reason=display_name(status.reason),
        adapter=status.adapter and display_name(status.adapter),
        model=model,
    )
