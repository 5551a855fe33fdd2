"""Namespaces of groups: adapters and jobs of a group have a prefix before their names.

Those of all groups are in one cache directory. The service puts the prefix before every name that
a user sends, so that nothing of another group can be named.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace

from jupyter_safecoder.adapters.registry import check_name
from jupyter_safecoder.errors import FinetuneError
from jupyter_safecoder.protocol import Status

_PREFIX = re.compile(r"team-[0-9a-f]{12}-")
#: What the prefix leaves of the 64 characters that a name may have.
_MAX_NAME_CHARACTERS = 46


def group_prefix(group: str) -> str:
    """Return the prefix of the names of a group's adapters and jobs."""
    return f"team-{hashlib.sha256(group.encode()).hexdigest()[:12]}-"


def qualified_name(group: str, name: str) -> str:
    """Return the name of a group's adapter or job in the cache directory.

    Raises
    ------
    FinetuneError
        If the name is too long or has characters that names may not have.
    """
    if len(name) > _MAX_NAME_CHARACTERS:
        raise FinetuneError(
            "The name is too long for an adapter of a group.",
            f"Use at most {_MAX_NAME_CHARACTERS} characters.",
        )
    check_name(name)
    return group_prefix(group) + name


def display_name(name: str) -> str:
    """Return a name, or a sentence with names, without the prefixes of groups."""
    return _PREFIX.sub("", name)


def qualified_model(model: str, adapter: str) -> str:
    """Return the name of a model as its runtime knows it.

    Parameters
    ----------
    model
        The name as :func:`display_names` shows it, or any other, which is returned as it is.
    adapter
        The qualified name of the adapter that the runtime serves.
    """
    displayed = display_name(adapter)
    if displayed != adapter and model.endswith(f"+{displayed}"):
        return model.removesuffix(displayed) + adapter
    return model


def display_names(status: Status) -> Status:
    """Return a runtime's status with the names that users know."""
    model = status.model and replace(status.model, name=display_name(status.model.name))
    return replace(
        status,
        reason=display_name(status.reason),
        adapter=status.adapter and display_name(status.adapter),
        model=model,
    )
