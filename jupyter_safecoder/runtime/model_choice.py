"""Chooses the model where the setting is ``auto``.

That is the model which the user selected, else the best one on this disk that is fast enough on
this machine. Its speed is measured when it is loaded for the first time, and kept until the
hardware, a package or the model changes. That it is too slow is kept for a day: the machine may
have been busy, or the runtime stopped by its user while the model was loaded.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from jupyter_safecoder.engines.selection.autotune import measurement_key
from jupyter_safecoder.engines.selection.choice import Machine
from jupyter_safecoder.engines.selection.select import probe_machine
from jupyter_safecoder.files import write_text
from jupyter_safecoder.models import AUTO_MODEL, EMBEDDED, ModelDescription
from jupyter_safecoder.models.catalogue import (
    Entry,
    find_installed,
    is_installed,
    read_catalogue,
)
from jupyter_safecoder.models.selected import selected_model
from jupyter_safecoder.protocol import ListedModel, Models
from jupyter_safecoder.settings import RuntimeSettings

#: Maximum time to first token of a keystroke, in milliseconds: a suggestion that comes later is
#: seen by few who type on.
MAX_KEYSTROKE_MS = 150.0
#: Seconds after which a model that was too slow, or that could not be loaded, is tried again.
_TRIED_AGAIN_S = 24 * 3600.0
#: File in the cache directory: by key, the time of a keystroke in milliseconds, and when it was
#: measured in seconds since the epoch.
_MEASUREMENTS_FILE = "keystroke_measurements.json"


@dataclass(frozen=True)
class ModelChoice:
    """The model to serve.

    Parameters
    ----------
    name
        A name as in the setting ``model``.
    why
        The reason, one sentence; empty where the setting names the model.
    is_measured
        Whether it is known to be fast enough, or need not be.
    """

    name: str
    why: str = ""
    is_measured: bool = True


def choose_model(settings: RuntimeSettings, excluded: Collection[str] = ()) -> ModelChoice:
    """Return the model of the settings.

    Parameters
    ----------
    settings
        The settings of a runtime.
    excluded
        Names of models that could not be loaded.
    """
    if settings.model != AUTO_MODEL:
        return ModelChoice(settings.model)
    if settings.remote:
        return ModelChoice(EMBEDDED, "A completion server runs the model.")
    selected = selected_model(settings.cache)
    if selected and selected not in excluded:
        return ModelChoice(selected, "It was selected with 'jupyter safecoder model use'.")
    candidates = rank_models(read_catalogue(settings.catalogues))
    models = {
        name: model
        for name in candidates
        if name not in excluded and (model := find_installed(settings.cache, name))
    }
    if not models:
        return ModelChoice(EMBEDDED, "No larger model of the catalogue is on this disk.")
    kept = read_keystrokes(settings.cache)
    machine = probe_machine(settings.device)
    keys = {name: keystroke_key(model, machine, settings) for name, model in models.items()}
    return pick_model(list(models), {name: kept.get(keys[name]) for name in models})


def list_models(settings: RuntimeSettings, configured: str) -> Models:
    """Return the models that can be served.

    Parameters
    ----------
    settings
        The settings of the model that is served.
    configured
        The setting ``model`` that the runtime was started with: it is listed too.
    """
    entries = read_catalogue(settings.catalogues).values()
    listed = [_listed(entry, settings.cache) for entry in entries]
    if configured != AUTO_MODEL and all(model.name != configured for model in listed):
        listed.insert(0, ListedModel(configured, "the one of the configuration", "", True, ""))
    selected = settings.model
    if selected == AUTO_MODEL:
        selected = selected_model(settings.cache) or AUTO_MODEL
    return Models(tuple(listed), selected, settings.allow_downloads)


def _listed(entry: Entry, cache: Path) -> ListedModel:
    is_here = not entry.places or is_installed(cache, entry.name)
    command = "" if is_here else entry.command
    return ListedModel(entry.name, entry.purpose, entry.license, is_here, command)


def rank_models(entries: Mapping[str, Entry]) -> list[str]:
    """Return the names of the models whose quality was measured, best first.

    The embedded model is not among them: it is served where no other is.
    """
    measured = {
        name: entry.quality.notebooks["exact_match"]
        for name, entry in entries.items()
        if entry.quality is not None and name != EMBEDDED
    }
    return sorted(measured, key=lambda name: -measured[name])


def pick_model(names: Sequence[str], keystrokes_ms: Mapping[str, float | None]) -> ModelChoice:
    """Return the first model that is fast enough, or whose speed is not known yet.

    Parameters
    ----------
    names
        Models on this disk, best first.
    keystrokes_ms
        The time to first token of a keystroke by name; ``None``: not measured.
    """
    limit = f"{MAX_KEYSTROKE_MS:.0f} ms"
    for name in names:
        time_ms = keystrokes_ms[name]
        if time_ms is None:
            return ModelChoice(name, "Its speed on this machine was not measured yet.", False)
        if time_ms <= MAX_KEYSTROKE_MS:
            return ModelChoice(
                name,
                "It is the best model on this disk that completes a keystroke within "
                f"{limit} on this machine ({time_ms:.0f} ms).",
            )
    slow = ", ".join(f"{name} ({_describe(keystrokes_ms[name])})" for name in names)
    return ModelChoice(
        EMBEDDED,
        f"Better models on this disk take longer than {limit} for a keystroke: {slow}. They are "
        "tried again after a day; 'jupyter safecoder model use NAME' serves one however slow.",
    )


def _describe(time_ms: float | None) -> str:
    is_known = time_ms is not None and math.isfinite(time_ms)
    return f"{time_ms:.0f} ms" if is_known else "its process was killed when it was loaded"


def keystroke_key(model: ModelDescription, machine: Machine, settings: RuntimeSettings) -> str:
    """Return a hash of everything that the time of a keystroke depends on."""
    options = f"{settings.engine} {settings.device} {settings.precision}"
    return f"{measurement_key(model, machine, ())} {options}".strip()


def keep_keystroke(settings: RuntimeSettings, time_ms: float | None) -> None:
    """Keep the time of a keystroke for the next starts.

    Parameters
    ----------
    settings
        The settings of a runtime, with the name of a model of the catalogue on this disk.
    time_ms
        In milliseconds; infinite while it is loaded for the first time, so that a model whose
        process is killed meanwhile is not tried again at once; ``None``: forget it.
    """
    model = find_installed(settings.cache, settings.model)
    if model is None:
        return
    kept = _read_measurements(settings.cache)
    kept.pop(key := keystroke_key(model, probe_machine(settings.device), settings), None)
    if time_ms is not None:
        kept[key] = (time_ms, time.time())
    with suppress(OSError):  # it is measured again at the next start
        write_text(settings.cache / _MEASUREMENTS_FILE, json.dumps(kept))


def read_keystrokes(cache: Path) -> dict[str, float]:
    """Return the times that are still valid, in milliseconds by key."""
    now = time.time()
    return {
        key: time_ms
        for key, (time_ms, measured) in _read_measurements(cache).items()
        if time_ms <= MAX_KEYSTROKE_MS or 0 <= now - measured < _TRIED_AGAIN_S
    }


def _read_measurements(cache: Path) -> dict[str, tuple[float, float]]:
    """Return what was kept; a damaged file has nothing."""
    try:
        kept = json.loads((cache / _MEASUREMENTS_FILE).read_text("utf-8"))
        return {str(key): (float(ms), float(measured)) for key, (ms, measured) in kept.items()}
    except (OSError, ValueError, AttributeError, TypeError):
        return {}
