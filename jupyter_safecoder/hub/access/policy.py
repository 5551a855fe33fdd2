"""Who may do what: pure rules, read from one TOML file."""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from importlib import import_module
from typing import Any

from jupyter_safecoder.errors import PolicyError
from jupyter_safecoder.protocol import Cell, CompletionRequest

#: Completions in notebooks and for other editors, and training adapters of the group.
FEATURES = frozenset({"complete", "text", "train"})
#: What of a notebook may go into a prompt beside the cell itself.
CONTEXT = frozenset({"cells", "markdown", "outputs"})
#: Under what people are recorded.
PEOPLE = ("name", "pseudonym")


@dataclass(frozen=True)
class Grant:
    """What members of a group may.

    Parameters
    ----------
    features
        Of :data:`FEATURES`.
    model, adapter
        What they are served with; empty: the service's model, no adapter.
    context
        Of :data:`CONTEXT`; ``markdown`` and ``outputs`` mean something only beside ``cells``.
    exclude_paths
        Patterns of notebooks in which nothing is completed; ``*`` matches slashes too.
    exclude_text
        A cell that has one of these texts goes into no prompt, whatever the case of letters.
    requests_a_minute, tokens_a_day
        Of each person; 0: no bound. A day is one of UTC, tokens are those of prompt and answer.
    weight
        Of each person's turns, where people wait: 2 gets twice what 1 gets.
    running, waiting
        Requests of a person that may run, and wait, at once.
    training_jobs, training_minutes
        Jobs of the group that are not over, and for how long each may train; 0: no bound.
    """

    features: frozenset[str] = FEATURES
    model: str = ""
    adapter: str = ""
    context: frozenset[str] = CONTEXT
    exclude_paths: tuple[str, ...] = ()
    exclude_text: tuple[str, ...] = ()
    requests_a_minute: int = 0
    tokens_a_day: int = 0
    weight: float = 1.0
    running: int = 2
    waiting: int = 8
    training_jobs: int = 1
    training_minutes: float = 60

    def excludes(self, request: CompletionRequest) -> bool:
        """Say whether nothing may be completed here: its path, or the cell itself, is excluded.

        Where paths are excluded, a request that does not tell its own is excluded too.
        """
        if self.exclude_paths:
            path = request.path.casefold()
            if not path or any(fnmatchcase(path, p.casefold()) for p in self.exclude_paths):
                return True
        return self._has_excluded(request.prefix + request.suffix)

    def excludes_text(self, *texts: str) -> bool:
        """Say whether texts of another editor, which tells no path, may go into no prompt."""
        return bool(self.exclude_paths) or any(map(self._has_excluded, texts))

    def allowed(self, request: CompletionRequest) -> CompletionRequest:
        """Return a request without what must not go into a prompt."""
        return replace(request, before=self._cells(request.before), path="")

    def _cells(self, cells: Collection[Cell]) -> tuple[Cell, ...]:
        if "cells" not in self.context:
            return ()
        shown = (
            cell if "outputs" in self.context else replace(cell, output="")
            for cell in cells
            if cell.type == "code" or "markdown" in self.context
        )
        return tuple(cell for cell in shown if not self._has_excluded(cell.source + cell.output))

    def _has_excluded(self, text: str) -> bool:
        if not self.exclude_text:
            return False
        folded = text.casefold()
        return any(excluded.casefold() in folded for excluded in self.exclude_text)


@dataclass(frozen=True)
class AuditPolicy:
    """What is recorded: people under which of :data:`PEOPLE`, for how many days (0: for ever)."""

    people: str = "name"
    keep_days: int = 0


@dataclass(frozen=True)
class Policy:
    """Grants by group, in the order of the file: the first one that a person is in, counts."""

    groups: Mapping[str, Grant]
    record: AuditPolicy = AuditPolicy()

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
    PolicyError
        If it is none; with the line.
    """
    tomllib = import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"\(at line (\d+)", str(error))
        reason = str(error).partition(" (at")[0]
        raise PolicyError(f"{reason}.", int(found[1]) if found else None) from error
    for name in data:
        if name not in ("groups", "record"):
            raise PolicyError(f"there is no setting {name!r}.", _line_of(text, name))
    groups = data.get("groups")
    if not isinstance(groups, dict) or not groups:
        raise PolicyError("it names no group: nobody may do anything.")
    grants = {}
    for name, given in groups.items():
        if not isinstance(given, dict):
            raise PolicyError(f"{name!r} is no group.", _line_of(text, name))
        grants[name] = Grant(**_checked(text, name, given, _GROUP))
    record = data.get("record", {})
    if not isinstance(record, dict):
        raise PolicyError("'record' is no table.", _line_of(text, "record"))
    return Policy(grants, AuditPolicy(**_checked(text, "record", record, _RECORD)))


@dataclass(frozen=True)
class _Rule:
    """What a value must be, in words too, and what becomes of it."""

    fits: Callable[[Any], bool]
    wanted: str
    take: Callable[[Any], Any] = lambda value: value


def _among(known: frozenset[str]) -> _Rule:
    told = ", ".join(f'"{word}"' for word in sorted(known))
    return _Rule(lambda value: _is_texts(value) and known.issuperset(value), _OF + told, frozenset)


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(v, str) and v for v in value)


def _is_number(value: Any, least: float) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value >= least


def _whole(least: int) -> _Rule:
    return _Rule(
        lambda value: isinstance(value, int) and _is_number(value, least),
        f"a whole number, {least} or more",
    )


_OF = "a list of "
_TEXT = _Rule(lambda value: isinstance(value, str), "a text")
_TEXTS = _Rule(_is_texts, "a list of texts that are not empty", tuple)
_GROUP = {
    "features": _among(FEATURES),
    "model": _TEXT,
    "adapter": _TEXT,
    "context": _among(CONTEXT),
    "exclude_paths": _TEXTS,
    "exclude_text": _TEXTS,
    "requests_a_minute": _whole(0),
    "tokens_a_day": _whole(0),
    "weight": _Rule(lambda value: _is_number(value, 0.01) and value <= 100, "0.01 to 100", float),
    "running": _whole(1),
    "waiting": _whole(0),
    "training_jobs": _whole(0),
    "training_minutes": _Rule(lambda value: _is_number(value, 0) and value < math.inf, "0 or more"),
}
_RECORD = {
    "people": _Rule(lambda value: value in PEOPLE, '"name" or "pseudonym"'),
    "keep_days": _whole(0),
}


def _checked(
    text: str, table: str, given: Mapping[str, Any], rules: Mapping[str, _Rule]
) -> dict[str, Any]:
    taken = {}
    for name, value in given.items():
        rule = rules.get(name)
        if rule is None:
            known = ", ".join(rules)
            raise PolicyError(
                f"{table!r} has {name!r}; there are {known}.", _line_of(text, name, table)
            )
        if not rule.fits(value):
            raise PolicyError(
                f"{name} of {table!r} must be {rule.wanted}.", _line_of(text, name, table)
            )
        taken[name] = rule.take(value)
    return taken


def _line_of(text: str, name: str, table: str = "") -> int | None:
    """Return the line where a name stands, behind its table's own: for people to look there."""
    begun = not table
    for number, line in enumerate(text.splitlines(), 1):
        begun = begun or table in line
        if begun and re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", line):
            return number
    return None
