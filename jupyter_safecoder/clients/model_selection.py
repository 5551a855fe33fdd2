"""Selects the model to serve: the running runtime loads it, else the next one does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jupyter_safecoder.models import AUTO_MODEL, resolve_model
from jupyter_safecoder.models.selected import (
    previous_model,
    record_selected_model,
    selected_model,
)
from jupyter_safecoder.settings import RuntimeSettings

from .discovery import running_runtime


def select_model(
    settings: RuntimeSettings,
    name: str,
    *,
    previous: bool = False,
    progress: Callable[[float, str], None] = lambda share, text: None,
) -> dict[str, Any]:
    """Serve a model from now on.

    Parameters
    ----------
    settings
        Where the cache is, and where models may come from.
    name
        A name as in the setting ``model``.
    previous
        Whether to select the model that was selected before instead.
    progress
        Called with the share that is done, 0 to 1, and a description of the work.

    Returns
    -------
    dict
        ``model``, ``previous``, and whether a running runtime has ``switched``.

    Raises
    ------
    ModelError
        If there is no such model on this disk.
    RuntimeRequestError
        If the runtime cannot load it; it keeps the model that it has.
    """
    cache = settings.cache
    before = selected_model(cache) or AUTO_MODEL
    if previous:
        name = previous_model(cache) or AUTO_MODEL
    if name != AUTO_MODEL:
        progress(0.0, f"Finding {name}")
        resolve_model(
            name,
            revision=settings.revision,
            allow_downloads=settings.allow_downloads,
            progress=lambda share: progress(0.3 * share, f"Downloading {name}"),
            cache=cache,
        )
    switched = False
    with running_runtime() as client:
        if client is not None:
            progress(0.3, "The runtime loads it; completions continue meanwhile")
            client.use_model(name)
            switched = True
    if not switched:  # else the runtime has recorded it
        record_selected_model(cache, "" if name == AUTO_MODEL else name)
    return {"model": name, "previous": before, "switched": switched}
