"""Finds the forward proxy to a completion server: that of the settings, or of the environment."""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from urllib.parse import SplitResult, urlsplit
from urllib.request import getproxies_environment

from jupyter_safecoder.errors import EngineError
from jupyter_safecoder.http.addresses import is_loopback

#: As the setting: no proxy, whatever the environment has.
NO_PROXY = "none"


def find_proxy(setting: str, server: SplitResult) -> str | None:
    """Return the URL of the proxy to a server; ``None``: it is reached without one.

    Parameters
    ----------
    setting
        The URL of a proxy; empty: that of the environment; ``none``: none.
    server
        URL of the server. One on this machine is never reached by a proxy.

    Raises
    ------
    EngineError
        If the proxy has no URL that can be used.
    """
    host = server.hostname or ""
    if setting == NO_PROXY or is_loopback(host):
        return None
    if setting:
        return _checked(setting, "c.SafeCoder.remote_proxy")
    proxies = getproxies_environment()
    if _is_excluded(host, server.port, proxies):
        return None
    for name in (server.scheme, "all"):
        if proxies.get(name):
            return _checked(proxies[name], f"{name.upper()}_PROXY")
    return None


def proxy_host(proxy: str) -> str:
    """Return the host and port of a proxy, without a name and a password."""
    return urlsplit(proxy).netloc.rpartition("@")[2]


def _is_excluded(host: str, port: int | None, proxies: dict[str, str]) -> bool:
    """Return whether ``NO_PROXY`` has a host: by name, domain, address or network."""
    entries = [entry.strip().lower() for entry in proxies.get("no", "").split(",")]
    if entries == ["*"]:
        return True
    names = (host, f"{host}:{port}")
    return any(
        name == entry or name.endswith(f".{entry.lstrip('.')}")
        for entry in filter(None, entries)
        for name in names
    ) or any(_is_in_network(host, entry) for entry in entries)


def _is_in_network(host: str, entry: str) -> bool:
    try:
        return ip_address(host) in ip_network(entry, strict=False)
    except ValueError:
        return False


def _checked(text: str, where: str) -> str:
    url = text if "://" in text else f"http://{text}"
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and parts.hostname and (parts.port or True)
    except ValueError:
        usable = False
    if not usable or " " in url or not url.isprintable():
        raise EngineError(
            f"{where} is not the URL of a proxy that can be used.",
            "Write it as http://host:port; SOCKS is not supported. c.SafeCoder.remote_proxy = "
            "'none' uses no proxy.",
        )
    return url
