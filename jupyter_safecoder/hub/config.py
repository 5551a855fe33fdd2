"""Configures a JupyterHub: the service, its scopes, and the roles that have them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from jupyter_safecoder.child_process import module_command
from jupyter_safecoder.clients.hub_environment import SERVICE_TOKEN_VARIABLE, URL_VARIABLE

from .constants import ADMIN, COMPLETE, SCOPES, SERVICE, TRAIN, access_scope
from .server_token import server_token


def add_safecoder(
    c: Any,
    policy: str,
    groups: Sequence[str],
    url: str = "http://127.0.0.1:8765",
    arguments: Sequence[str] = (),
    api_token: str = "",
    admins: Sequence[str] = (),
    trainers: Sequence[str] = (),
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
        Address at which the service listens. Users' servers must reach it there.
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
    """
    c.JupyterHub.services.append(_service(policy, url, arguments, api_token))
    c.JupyterHub.custom_scopes.update(SCOPES)
    c.JupyterHub.load_roles.extend(_roles(groups, admins, trainers))
    # ADMIN is no scope of the server's token: code in a notebook must not be able to administer.
    c.Spawner.environment.update(
        {
            URL_VARIABLE: f"{url.rstrip('/')}/services/{SERVICE}/",
            SERVICE_TOKEN_VARIABLE: server_token,
        }
    )


def _service(policy: str, url: str, arguments: Sequence[str], api_token: str) -> dict[str, Any]:
    service: dict[str, Any] = {
        "name": SERVICE,
        "url": url,
        "oauth_no_confirm": True,
        "oauth_client_allowed_scopes": [ADMIN],
    }
    if api_token:
        return {**service, "api_token": api_token}
    command = module_command("jupyter_safecoder", "hub", "--policy", policy)
    return {**service, "command": [*command, "--end-with-parent", *arguments]}


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
