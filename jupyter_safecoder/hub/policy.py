"""Who may do what: pure rules, read from one TOML file."""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any

from ..protocol import CompletionRequest

FEATURES = frozenset({"complete", "train"})
#: What of a notebook may go into a prompt beside the cell itself.
CONTEXT = frozenset({"cells", "markdown", "outputs"})


class PolicyProblem(Exception):
    """A policy that is none: where, and why."""

    def __init__(self, reason: str, line: int | None = None) -> None:
        super().__init__(f"line {line}: {reason}" if line else reason)


@dataclass(frozen=True)
class Grant:
    """What members of a group may.

    Parameters
    ----------
    features
        Of :data:`FEATURES`.
    adapter
        What the model is served with for them; empty: nothing.
    context
        Of :data:`CONTEXT`; ``markdown`` and ``outputs`` mean something only beside ``cells``.
    requests_a_minute, tokens_a_day
        Of each person; 0: no bound. A day is one of UTC, tokens are those of prompt and answer.
    training_jobs, training_minutes
        Jobs of the group that are not over, and for how long each may train; 0: no bound.
    """

    features: frozenset[str] = FEATURES
    adapter: str = ""
    context: frozenset[str] = CONTEXT
    requests_a_minute: int = 0
    tokens_a_day: int = 0
    training_jobs: int = 1
    training_minutes: float = 60

    def allowed(self, request: CompletionRequest) -> CompletionRequest:
        """Return a request without what must not go into a prompt."""
        return replace(request, before=self._cells(request.before), after=())

    def _cells(self, cells: Collection[Any]) -> tuple[Any, ...]:
        if "cells" not in self.context:
            return ()
        return tuple(
            cell if "outputs" in self.context else replace(cell, output="")
            for cell in cells
            if cell.type == "code" or "markdown" in self.context
        )


@dataclass(frozen=True)
class Policy:
    """Grants by group, in the order of the file: the first one that a person is in, counts."""

    groups: Mapping[str, Grant]

    def grant(self, groups: Collection[str]) -> tuple[str, Grant] | None:
        """Return the group that counts for a person, and what it may; ``None``: nothing."""
        for name, grant in self.groups.items():
            if name in groups:
                return name, grant
        return None


def parse_policy(text: str) -> Policy:
    """Return the policy of a TOML file.

    Raises
    ------
    PolicyProblem
        If it is none; with the line.
    """
    tomllib = import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"\(at line (\d+)", str(error))
        reason = str(error).partition(" (at")[0]
        raise PolicyProblem(f"{reason}.", int(found[1]) if found else None) from error
    for name in data:
        if name != "groups":
            raise PolicyProblem(f"there is no setting {name!r}.", _line_of(text, name))
    groups = data.get("groups")
    if not isinstance(groups, dict) or not groups:
        raise PolicyProblem("it names no group: nobody may do anything.")
    return Policy({name: _grant(text, name, settings) for name, settings in groups.items()})


def _grant(text: str, group: str, settings: Any) -> Grant:
    if not isinstance(settings, dict):
        raise PolicyProblem(f"{group!r} is no group.", _line_of(text, group))
    checks: dict[str, tuple[Callable[[Any], bool], str]] = {
        "features": (lambda value: _among(value, FEATURES), f"a list of {_told(FEATURES)}"),
        "context": (lambda value: _among(value, CONTEXT), f"a list of {_told(CONTEXT)}"),
        "adapter": (lambda value: isinstance(value, str), "the name of an adapter"),
        "requests_a_minute": (_is_count, "a number, 0 or more"),
        "tokens_a_day": (_is_count, "a number, 0 or more"),
        "training_jobs": (_is_count, "a number, 0 or more"),
        "training_minutes": (_is_amount, "a number, 0 or more"),
    }
    for name, value in settings.items():
        if name not in checks:
            raise PolicyProblem(
                f"{group!r} has {name!r}; a group has {', '.join(checks)}.",
                _line_of(text, name, group),
            )
        fits, wanted = checks[name]
        if not fits(value):
            raise PolicyProblem(
                f"{name} of {group!r} must be {wanted}.", _line_of(text, name, group)
            )
    lists = {
        name: frozenset(settings[name]) for name in ("features", "context") if name in settings
    }
    return Grant(**{**settings, **lists})


def _among(value: Any, known: frozenset[str]) -> bool:
    return isinstance(value, list) and all(isinstance(v, str) and v in known for v in value)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_amount(value: Any) -> bool:
    return _is_count(value) or (isinstance(value, float) and 0 <= value < math.inf)


def _told(words: frozenset[str]) -> str:
    return ", ".join(f'"{word}"' for word in sorted(words))


def _line_of(text: str, name: str, group: str = "") -> int | None:
    """Return the line where a name stands, behind its group's own: for people to look there."""
    begun = not group
    for number, line in enumerate(text.splitlines(), 1):
        begun = begun or group in line
        if begun and re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", line):
            return number
    return None
