"""The processes of SafeCoder: where each sends text, names and numbers."""

from __future__ import annotations

import logging
from urllib.parse import urlsplit

from jupyter_safecoder.clients.service_address import ServiceAddress
from jupyter_safecoder.engines.remote.proxy import find_proxy, proxy_host
from jupyter_safecoder.errors import EngineError
from jupyter_safecoder.http.addresses import host_of, is_loopback, without_credentials
from jupyter_safecoder.privacy.destination import State
from jupyter_safecoder.privacy.machine import Machine

_DATABASE_VARIABLE = "JUPYTER_SAFECODER_DATABASE"
_HUGGING_FACE = "https://huggingface.co"
_PYPI = "https://pypi.org/simple"
#: Handlers of Python's logging that write on this machine.
_LOCAL_HANDLERS = (logging.StreamHandler, logging.NullHandler)


def _browser(machine: Machine) -> State:
    if machine.environment.get("JUPYTERHUB_API_URL"):
        return State(True, "The page is served by the proxy of a JupyterHub.")
    ip = str(machine.trait("ServerApp.ip", "localhost"))
    if is_loopback(ip):
        return State(True, "The server listens on this machine only.", ip)
    if machine.trait("ServerApp.certfile"):
        return State(True, "The server listens on the network, by HTTPS.", ip or "*")
    return State(
        False, "The server listens on the network unencrypted: text can be read there.", ip or "*"
    )


def _service(machine: Machine) -> tuple[bool, str]:
    """Return whether the service is on this machine, and its address for users."""
    address = ServiceAddress.of_url(machine.service_url)
    is_local = address.socket is not None or is_loopback(host_of(address.base_url))
    return is_local, str(address)


def _completions(machine: Machine) -> State:
    if not machine.service_url:
        return State(True, "A runtime of this server computes; it listens on a Unix socket.")
    is_local, address = _service(machine)
    if is_local:
        return State(True, "The service of a JupyterHub on this machine computes.", address)
    encrypted = "" if machine.service_url.startswith("https:") else ", unencrypted"
    return State(False, f"Text goes to the service of a JupyterHub{encrypted}.", address)


def _remote(machine: Machine) -> State:
    settings = machine.settings
    if not settings.remote:
        return State(True, "No completion server is set.")
    url = without_credentials(settings.remote_url)
    if is_loopback(host_of(url)):
        return State(True, "A completion server on this machine computes.", url)
    encrypted = "" if url.startswith("https:") else ", unencrypted"
    return State(False, f"Prompts go to a completion server{encrypted}.", url)


def _proxy(machine: Machine) -> State:
    settings = machine.settings
    if not settings.remote:
        return State(True, "No completion server is set.")
    try:
        proxy = find_proxy(settings.remote_proxy, urlsplit(settings.remote_url))
    except (EngineError, ValueError):
        return State(True, "The proxy that is set cannot be used: nothing is sent.")
    if proxy is None:
        return State(True, "No proxy is used.")
    host = proxy_host(proxy)
    return State(is_loopback(host_of(proxy)), "Prompts pass this proxy.", host)


def _downloads(machine: Machine) -> State:
    if machine.settings.allow_downloads:
        return State(False, "A model that is not on this disk is fetched.", _hub(machine))
    return State(True, "Nothing is fetched: models must be on this disk.")


def _hub(machine: Machine) -> str:
    return without_credentials(machine.environment.get("HF_ENDPOINT") or _HUGGING_FACE)


def _model_get(machine: Machine) -> State:
    pip = machine.pip()
    index = without_credentials(pip.get("index-url", _PYPI))
    return State(True, "Only when you run the command.", f"{_hub(machine)}, {index}")


def _training(machine: Machine) -> State:
    if not machine.service_url:
        return State(True, "Jobs run on this machine, and have no network.")
    is_local, address = _service(machine)
    if is_local:
        return State(True, "The service of a JupyterHub on this machine trains.", address)
    return State(
        False, "Notebooks that you submit go to the service of a JupyterHub, by command.", address
    )


def _editors(machine: Machine) -> State:
    ip = str(machine.trait("ServerApp.ip", "localhost"))
    if is_loopback(ip) or machine.environment.get("JUPYTERHUB_API_URL"):
        return State(True, "Programs need the token of the server, and reach it where you do.")
    return State(
        bool(machine.trait("ServerApp.certfile")),
        "Programs of other machines can use it with the token of the server.",
        ip or "*",
    )


def _events(machine: Machine) -> State:
    handlers = list(machine.trait("EventLogger.handlers") or ())
    if not handlers:
        return State(True, "No handler is configured: there are no events.")
    names = ", ".join(type(handler).__name__ for handler in handlers)
    is_local = all(isinstance(handler, _LOCAL_HANDLERS) for handler in handlers)
    where = "write them on this machine" if is_local else "may send them to another machine"
    return State(is_local, f"Handlers {where}: {names}.")


def _suggestion_counts(machine: Machine) -> State:
    if not machine.service_url:
        return State(True, "Nothing is counted outside of the page.")
    is_local, address = _service(machine)
    return State(is_local, "The service of the JupyterHub counts by group and day.", address)


def _hub_database(machine: Machine) -> State:
    url = machine.environment.get(_DATABASE_VARIABLE, "")
    host = host_of(url)
    if not host:
        return State(True, "No database of another process is set here.")
    return State(is_loopback(host), "The database of the service.", host)


def _hub_records(machine: Machine) -> State:
    return State(True, "Files of the service's account; metrics are read with a token of the Hub.")


INSPECTORS = {
    "safecoder.browser": _browser,
    "safecoder.completions": _completions,
    "safecoder.remote": _remote,
    "safecoder.proxy": _proxy,
    "safecoder.downloads": _downloads,
    "safecoder.model_get": _model_get,
    "safecoder.training": _training,
    "safecoder.editors": _editors,
    "safecoder.events": _events,
    "safecoder.suggestion_counts": _suggestion_counts,
    "safecoder.hub_database": _hub_database,
    "safecoder.hub_records": _hub_records,
}
