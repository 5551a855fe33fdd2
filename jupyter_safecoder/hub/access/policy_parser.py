"""Parses a policy file; every error has the line of the file that it is about."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping
from typing import Any, TypeVar

from jupyter_safecoder.errors import InvalidInput, PolicyError
from jupyter_safecoder.files.toml import parse_toml
from jupyter_safecoder.option import checked, options_of

from .policy import AuditPolicy, Grant, Policy

#: Keys and tables of version 0.1, and their names now.
_RENAMED = {
    "record": "audit",
    "people": "identity",
    "keep_days": "retention_days",
    "requests_a_minute": "requests_per_minute",
    "tokens_a_day": "tokens_per_day",
    "running": "max_running",
    "waiting": "max_waiting",
    "training_jobs": "max_training_jobs",
    "training_minutes": "max_training_minutes",
}
_TABLES = ("groups", "audit")
T = TypeVar("T", Grant, AuditPolicy)


def parse_policy(text: str) -> Policy:
    """Return the policy of a TOML file.

    Raises
    ------
    PolicyError
        If it is not a policy; the reason begins with the line.
    """
    data = _parse_toml(text)
    _check_keys(text, data, _TABLES)
    groups = data.get("groups")
    if not isinstance(groups, dict) or not groups:
        raise PolicyError("The file has no table [groups.NAME]: no user is allowed anything.")
    grants = {name: _parse_table(text, name, table, Grant) for name, table in groups.items()}
    return Policy(grants, _parse_table(text, "audit", data.get("audit", {}), AuditPolicy))


def _parse_toml(text: str) -> dict[str, Any]:
    try:
        return parse_toml(text)
    except ValueError as error:
        line = re.search(r"\(at line (\d+)", str(error))
        reason = str(error).partition(" (at")[0]
        raise PolicyError(f"{reason}.", int(line[1]) if line else None) from error


def _parse_table(text: str, name: str, table: Any, kind: type[T]) -> T:
    """Return the dataclass of a table.

    Parameters
    ----------
    text
        The file, to find lines in it.
    name
        Of the group, or ``audit``.
    table
        The value of that name in the file.
    kind
        A dataclass of options: its names, types, choices and bounds are the rules.
    """
    if not isinstance(table, dict):
        raise PolicyError(f"{name!r} must be a table.", _line_of(text, name))
    options = {option.name: option for option in options_of(kind)}
    _check_keys(text, table, options, name)
    for key, value in table.items():
        # TOML has them, JSON Schema cannot compare them.
        if isinstance(value, float) and not math.isfinite(value):
            raise PolicyError(f"{key} of {name!r} must be finite.", _line_of(text, key, name))
    try:
        checked(kind, table, repr(name))
    except InvalidInput as error:
        raise PolicyError(error.reason, _line_of(text, error.path[0], name)) from None
    return kind(**{key: options[key].type(value) for key, value in table.items()})


def _check_keys(
    text: str, table: Mapping[str, Any], known: Collection[str], name: str = ""
) -> None:
    for key in table:
        if key in known:
            continue
        line = _line_of(text, key, name)
        if _RENAMED.get(key) in known:
            raise PolicyError(f"{key} was renamed to {_RENAMED[key]}.", line)
        where = repr(name) if name else "the file"
        raise PolicyError(f"{key!r} is unknown; {where} may have {', '.join(known)}.", line)


def _line_of(text: str, key: str, table: str = "") -> int | None:
    """Return the line of a key after the header of its table, found by its name."""
    in_table = not table
    for number, line in enumerate(text.splitlines(), 1):
        in_table = in_table or table in line
        if in_table and re.search(rf"(?<![\w-]){re.escape(key)}(?![\w-])", line):
            return number
    return None
