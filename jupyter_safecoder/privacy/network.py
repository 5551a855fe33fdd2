"""The network that a runtime needs by its settings: none, or the addresses that they name."""

from __future__ import annotations

from contextlib import suppress
from urllib.parse import urlsplit

from jupyter_safecoder.confinement import (
    Address,
    deny_network,
    guard_connections,
    keep_memory_private,
    split_address,
)
from jupyter_safecoder.engines.remote.proxy import find_proxy
from jupyter_safecoder.engines.selection.candidates import LOCAL_ENGINES
from jupyter_safecoder.engines.selection.choice import AUTO
from jupyter_safecoder.errors import EngineError
from jupyter_safecoder.settings import RuntimeSettings

#: Engines that compute in the process of the runtime.
_OWN_ENGINES = frozenset({*AUTO, *LOCAL_ENGINES, "scripted"})


def runtime_addresses(settings: RuntimeSettings) -> list[Address]:
    """Return the addresses beside this machine that a runtime may connect to.

    Those of downloads are not among them: the code that downloads allows them when it does.

    Parameters
    ----------
    settings
        Of the runtime.
    """
    urls = [*settings.allowed_hosts]
    if settings.remote:
        urls.append(settings.remote_url)
        with suppress(EngineError, ValueError):  # the engine reports it
            urls.append(find_proxy(settings.remote_proxy, urlsplit(settings.remote_url)) or "")
    return [address for url in urls if (address := split_address(url)) is not None]


def needs_network(settings: RuntimeSettings) -> bool:
    """Return whether a runtime may need any network, be it on this machine alone."""
    if settings.remote or settings.allow_downloads or settings.allowed_hosts:
        return True
    return settings.engine not in _OWN_ENGINES


def confine_runtime(settings: RuntimeSettings) -> None:
    """Hold this process, a runtime, to what its settings allow, before it imports an engine.

    Parameters
    ----------
    settings
        Of the runtime.
    """
    keep_memory_private()
    guard_connections(runtime_addresses(settings))


def deny_unused_network(settings: RuntimeSettings, *, listens_on_port: bool) -> None:
    """Deny all network to this process, a runtime that listens, if it needs none.

    Parameters
    ----------
    settings
        Of the runtime.
    listens_on_port
        Whether its clients reach it at a port, not at a Unix socket.
    """
    if not listens_on_port and not needs_network(settings):
        deny_network()
