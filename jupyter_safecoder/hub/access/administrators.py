"""Access control for admin endpoints: a JupyterHub scope, by OAuth cookie or token."""

from __future__ import annotations

import asyncio
import hashlib
import os
from typing import Any

from jupyterhub.services.auth import HubOAuth, HubOAuthenticated
from tornado import web

from jupyter_safecoder.clients.hub_environment import TOKEN_VARIABLE
from jupyter_safecoder.errors import RequestDenied
from jupyter_safecoder.hub.constants import ADMIN, SERVICE, access_scope

from .authenticator import HUB_TIMEOUT_S


def hub_oauth(prefix: str, cache_s: int) -> HubOAuth:
    """Return JupyterHub's OAuth client for pages below a prefix.

    JupyterHub configures a service that it starts through the environment. A service on a machine
    of its own has JupyterHub's defaults, or the values of ``JUPYTERHUB_CLIENT_ID``,
    ``JUPYTERHUB_OAUTH_CALLBACK_URL`` and ``JUPYTERHUB_BASE_URL``.
    """
    client = os.environ.get("JUPYTERHUB_CLIENT_ID") or f"service-{SERVICE}"
    return HubOAuth(base_url=prefix, oauth_client_id=client, cache_max_age=cache_s)


def cookie_secret() -> bytes:
    """Return the key that signs cookies: the same after a restart, derived from the API token."""
    token = os.environ[TOKEN_VARIABLE]
    return hashlib.sha256(f"cookies of {SERVICE}: {token}".encode()).digest()


class AdminHandler(HubOAuthenticated, web.RequestHandler):  # type: ignore[misc]
    """A handler for users and services with a scope, by JupyterHub's cookie or a token header.

    A cookie alone is enough only for pages that a browser navigates to: for everything else
    JupyterHub's handler requires its XSRF token.
    """

    #: The scope that is required beside access to the service.
    scope = ADMIN

    async def authenticate(self) -> dict[str, Any] | None:
        """Return JupyterHub's model of the user or service; ``None`` if it knows neither.

        Raises
        ------
        RequestDenied
            If the scope is missing, or JupyterHub does not answer.
        """
        try:
            answer = self.hub_auth.get_user(self, sync=False)
            model: dict[str, Any] | None = await asyncio.wait_for(answer, HUB_TIMEOUT_S)
        except (web.HTTPError, asyncio.TimeoutError) as error:
            raise RequestDenied(503, "JupyterHub does not answer.", "Wait a moment.") from error
        self.current_user = model
        if model is None:
            return None
        has_access = self.hub_auth.check_scopes({access_scope(SERVICE)}, model)
        if not has_access or self.scope not in model["scopes"]:
            raise RequestDenied(
                403,
                "This page is for administrators of SafeCoder.",
                "add_safecoder(…, admins=[…]) in jupyterhub_config.py names them.",
            )
        return model
