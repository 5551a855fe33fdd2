"""The models that a user selected, one after the other: ``<cache>/selected_models.json``."""

from __future__ import annotations

import json
from pathlib import Path

from jupyter_safecoder.files import write_text

_FILE = "selected_models.json"
_MAX_HISTORY = 20


def selected_model(cache: Path) -> str:
    """Return the name of the model that was selected last; empty: none."""
    return _history(cache)[-1]


def previous_model(cache: Path) -> str:
    """Return the name of the model that was selected before that; empty: none."""
    history = _history(cache)
    return next((name for name in reversed(history) if name != history[-1]), "")


def record_selected_model(cache: Path, name: str) -> None:
    """Record a selection.

    Parameters
    ----------
    cache
        The cache directory.
    name
        A name as in the setting ``model``; empty: none is selected any more.
    """
    history = [*_history(cache), name][-_MAX_HISTORY:]
    write_text(cache / _FILE, json.dumps(history))


def _history(cache: Path) -> list[str]:
    """Return the selections, the first of which is none."""
    try:
        history = json.loads((cache / _FILE).read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        history = []
    if not isinstance(history, list) or not all(isinstance(name, str) for name in history):
        history = []
    return history or [""]
