"""Activates an adapter: records it, and lets the running runtime load it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jupyter_safecoder.adapters.registry import Registry
from jupyter_safecoder.clients.discovery import running_runtime
from jupyter_safecoder.runtime.loading import resolve_base_model
from jupyter_safecoder.settings import RuntimeSettings


def activate_adapter(
    settings: RuntimeSettings,
    name: str,
    *,
    previous: bool = False,
    progress: Callable[[float, str], None] = lambda share, text: None,
) -> dict[str, Any]:
    """Serve a base model with an adapter from now on.

    Parameters
    ----------
    settings
        Settings of the base model.
    name
        Name of the adapter; empty: the base model without one.
    previous
        Whether to activate the previous adapter instead.
    progress
        Called with the share that is done, 0 to 1, and a description of the work.

    Returns
    -------
    dict
        ``adapter``, ``previous``, whether a running runtime has ``switched``, and as ``warning``
        the reason for which the adapter was rejected.

    Raises
    ------
    FinetuneError
        If there is no such adapter, or it does not fit the base model.
    RuntimeRequestError
        If the runtime cannot load it; it keeps the adapter that it has.
    """
    registry = Registry(settings.cache)
    base = resolve_base_model(settings)
    active = registry.in_use(base.name)
    if previous:
        name = registry.previous(base.name)
    warning = ""
    if name:
        progress(0.0, f"Checking {name}")
        adapter = registry.find(name)
        adapter.verify(registry.base_hash(base))
        warning = "" if adapter.card.accepted else adapter.card.reason
    switched = False
    with running_runtime() as client:
        status = client.status() if client is not None else None
        served = status.model.name.partition("+")[0] if status and status.model else ""
        if client is not None and served == base.name:
            progress(0.3, "The runtime loads it; completions continue meanwhile")
            client.use_adapter(name)
            switched = True
    registry.set_in_use(base.name, name)
    return {
        "adapter": name or None,
        "previous": active or None,
        "switched": switched,
        "warning": warning,
    }
