"""Configures a JupyterHub: the service, its scopes, and the roles that have them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jupyter_safecoder.child_process import module_command
from jupyter_safecoder.clients.hub_environment import SERVICE_TOKEN_VARIABLE, URL_VARIABLE
from jupyter_safecoder.clients.service_address import socket_url

from .constants import ADMIN, COMPLETE, SCOPES, SERVICE, TRAIN, access_scope
from .local_service import (
    LOOPBACK_HOSTS,
    default_socket,
    prepare_directory,
    reserve_port,
    service_account,
)
from .server_token import server_token

#: Argument of ``jupyter safecoder hub`` that lets it run as root.
ALLOW_ROOT = "--allow-root"


def add_safecoder(
    c: Any,
    policy: str,
    groups: Sequence[str],
    url: str = "http://127.0.0.1:8765",
    arguments: Sequence[str] = (),
    api_token: str = "",
    admins: Sequence[str] = (),
    trainers: Sequence[str] = (),
    user: str = "",
    socket: str | None = None,
) -> None:
    """Add the service to a JupyterHub's configuration.

    Parameters
    ----------
    c
        The configuration object of ``jupyterhub_config.py``.
    policy
        Path of the policy file.
    groups
        Groups whose members have access to the service; the policy says what each may do.
    url
        Address at which the Hub and its proxy reach the service. Users' servers reach it there
        too, unless it has a socket.
    arguments
        Further arguments of ``jupyter safecoder hub``.
    api_token
        API token of a service that runs on a machine of its own and is not started by the Hub.
        Empty: the Hub starts the service.
    admins
        Users who have access to the dashboard. Administrators of the Hub have it only if they are
        named here.
    trainers
        Users and groups who may train adapters for their group. A name that is one of ``groups``
        is a group.
    user
        Account that the service runs as, if the Hub starts it; required if the Hub runs as root.
        The working directory of the service is its home directory. Empty: that of the Hub.
    socket
        Path of the Unix socket at which users' servers reach the service. ``None``: one is chosen
        if the Hub starts the service, at a loopback address. Empty: none.

    Raises
    ------
    ValueError
        If the service would run as root, or another account could take its place.
    """
    service = {
        "name": SERVICE,
        "url": url,
        "oauth_client_allowed_scopes": [ADMIN],
    }
    servers_url = f"{url.rstrip('/')}/services/{SERVICE}/"
    if api_token:
        service["api_token"] = api_token
        if socket:
            servers_url = _url_of_socket(Path(socket))
    else:
        managed, path = _managed_service(policy, url, arguments, user, socket)
        service.update(managed)
        servers_url = _url_of_socket(path) if path else servers_url
    c.JupyterHub.services.append(service)
    c.JupyterHub.custom_scopes.update(SCOPES)
    c.JupyterHub.load_roles.extend(_roles(groups, admins, trainers))
    # ADMIN is no scope of the server's token: code in a notebook must not be able to administer.
    variables = {URL_VARIABLE: servers_url, SERVICE_TOKEN_VARIABLE: server_token}
    for spawner in _spawners(c):
        if isinstance(spawner.environment, Mapping):
            # A dictionary of its own: the administrator's may be used elsewhere.
            spawner.environment = {**spawner.environment, **variables}
        else:
            spawner.environment.update(variables)


def _spawners(c: Any) -> list[Any]:
    """Return the sections of spawners that need the variables.

    A subclass that has an environment of its own does not get that of ``c.Spawner``.
    """
    own = [
        section
        for name, section in c.items()
        if name.endswith("Spawner") and name != "Spawner" and "environment" in section
    ]
    return [c.Spawner, *own]


def _managed_service(
    policy: str, url: str, arguments: Sequence[str], user: str, socket: str | None
) -> tuple[dict[str, Any], Path | None]:
    """Return what the Hub needs to start the service, and the service's socket."""
    command = module_command("jupyter_safecoder", "hub", "--policy", policy, "--end-with-parent")
    service: dict[str, Any] = {}
    account = service_account(user, allow_root=ALLOW_ROOT in arguments)
    if user:
        service["user"] = user
        if Path(account.pw_dir).is_dir():
            service["cwd"] = account.pw_dir
    parts = urlsplit(url)
    path = Path(socket).resolve() if socket else None
    if parts.scheme == "http" and parts.hostname in LOOPBACK_HOSTS:
        # One address: an account could listen at the other one that 'localhost' means.
        host = "127.0.0.1" if parts.hostname == "localhost" else str(parts.hostname)
        port = parts.port or 80
        reserve_port(host, port, account)
        service["url"] = parts._replace(
            netloc=f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        ).geturl()
        if socket is None:
            path = default_socket(account, port)
    if path is not None:
        prepare_directory(path, account)
        command += ["--socket", str(path)]
    return {**service, "command": [*command, *arguments]}, path


def _url_of_socket(path: Path) -> str:
    return socket_url(path, f"/services/{SERVICE}/")


def _roles(
    groups: Sequence[str], admins: Sequence[str], trainers: Sequence[str]
) -> list[dict[str, Any]]:
    roles: list[dict[str, Any]] = [
        {
            "name": "safecoder-user",
            "groups": list(groups),
            "scopes": [access_scope(SERVICE), COMPLETE],
        }
    ]
    if trainers:
        roles.append(
            {
                "name": "safecoder-trainer",
                "groups": [name for name in trainers if name in groups],
                "users": [name for name in trainers if name not in groups],
                "scopes": [TRAIN],
            }
        )
    if admins:
        roles.append(
            {
                "name": "safecoder-admin",
                "users": list(admins),
                "scopes": [access_scope(SERVICE), ADMIN],
            }
        )
    return roles
