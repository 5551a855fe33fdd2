"""Switch what is served from one adapter to another: noted, then told to the runtime that runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jupyter_safecoder.adapters.registry import Registry
from jupyter_safecoder.clients.discovery import running_runtime
from jupyter_safecoder.runtime.loading import resolve_base_model
from jupyter_safecoder.settings import RuntimeSettings


def switch(
    settings: RuntimeSettings,
    name: str,
    *,
    back: bool = False,
    progress: Callable[[float, str], None] = lambda share, text: None,
) -> dict[str, Any]:
    """Serve a base model with an adapter from now on.

    Parameters
    ----------
    settings
        Of the base model.
    name
        Of the adapter; empty: the base as it is.
    back
        Whether to take what was in use before instead.
    progress
        Called with the share that is done, 0 to 1, and what is being done.

    Returns
    -------
    dict
        ``adapter``, ``before``, whether a runtime that runs has ``switched``, and as ``warning``
        the reason for which the adapter was not offered.

    Raises
    ------
    FinetuneError
        If there is no such adapter, or it does not fit.
    RuntimeRequestError
        If the runtime cannot load it; it goes on with what it had.
    """
    registry = Registry(settings.cache)
    model = resolve_base_model(settings)
    before = registry.in_use(model.name)
    if back:
        name = registry.before(model.name)
    warning = ""
    if name:
        progress(0.0, f"Checking {name}")
        adapter = registry.find(name)
        adapter.verify(registry.base_hash(model))
        warning = "" if adapter.card.offered else adapter.card.reason
    switched = False
    with running_runtime() as client:
        status = client.status() if client is not None else None
        served = status.model.name.partition("+")[0] if status and status.model else ""
        if client is not None and served == model.name:
            progress(0.3, "The runtime loads it; completions go on meanwhile")
            client.use_adapter(name)
            switched = True
    registry.use(model.name, name)
    return {
        "adapter": name or None,
        "before": before or None,
        "switched": switched,
        "warning": warning,
    }
