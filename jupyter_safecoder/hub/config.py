"""What a ``jupyterhub_config.py`` says of us: the service, its scopes, who has them."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from jupyter_safecoder.clients.hub_environment import URL_VARIABLE

from .constants import ADMIN, COMPLETE, SCOPES, SERVICE, TRAIN, access_scope

_OWN_SCOPES = ("users:activity!user", "access:servers!server")


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
    """Add the service to a Hub's configuration.

    Parameters
    ----------
    c
        The configuration, as ``jupyterhub_config.py`` has it.
    policy
        The policy file.
    groups
        Whose members may ask; what each may, the policy says.
    url
        Where the service listens; users' servers must reach it there.
    arguments
        More for ``jupyter safecoder hub``.
    api_token
        Of a service that runs on a machine of its own, which the Hub does not start. Empty: the
        Hub starts it.
    admins
        Users who see the administrator's page; who administers the Hub does not by that alone.
    trainers
        Who may train for their group, besides: those of ``groups`` that are named, and people.
    """
    own: dict[str, Any] = {
        "name": SERVICE,
        "url": url,
        "oauth_no_confirm": True,
        "oauth_client_allowed_scopes": [ADMIN],
    }
    if api_token:
        own["api_token"] = api_token
    else:
        command = (sys.executable, "-m", "jupyter_safecoder", "hub", "--policy", policy)
        own["command"] = [*command, "--end-with-parent", *arguments]
    c.JupyterHub.services.append(own)
    c.JupyterHub.custom_scopes.update(SCOPES)
    c.JupyterHub.load_roles.append(
        {
            "name": "safecoder-user",
            "groups": list(groups),
            "scopes": [access_scope(SERVICE), COMPLETE],
        }
    )
    if trainers:
        c.JupyterHub.load_roles.append(
            {
                "name": "safecoder-trainer",
                "groups": [name for name in trainers if name in groups],
                "users": [name for name in trainers if name not in groups],
                "scopes": [TRAIN],
            }
        )
    if admins:
        c.JupyterHub.load_roles.append(
            {
                "name": "safecoder-admin",
                "users": list(admins),
                "scopes": [access_scope(SERVICE), ADMIN],
            }
        )
    # A server's token has of these what its user has. Not ADMIN: notebooks must not administer.
    c.Spawner.server_token_scopes = [*_OWN_SCOPES, access_scope(SERVICE), COMPLETE, TRAIN]
    c.Spawner.environment.update({URL_VARIABLE: f"{url.rstrip('/')}/services/{SERVICE}/"})
