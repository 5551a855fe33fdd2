"""Who administers: somebody that the Hub lets in with a scope, by a cookie of its or a token."""

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

from .authenticator import ANSWER_S


def hub_oauth(prefix: str, cache_s: int) -> HubOAuth:
    """Return what asks the Hub who looks at our pages below a prefix.

    The Hub tells the rest to a service that it starts. One on a machine of its own has the Hub's
    defaults, or what ``JUPYTERHUB_CLIENT_ID``, ``_OAUTH_CALLBACK_URL`` and ``_BASE_URL`` say.
    """
    client = os.environ.get("JUPYTERHUB_CLIENT_ID") or f"service-{SERVICE}"
    return HubOAuth(base_url=prefix, oauth_client_id=client, cache_max_age=cache_s)


def cookie_secret() -> bytes:
    """Return with what cookies are signed: the same after a restart, and known to nobody else."""
    token = os.environ[TOKEN_VARIABLE]
    return hashlib.sha256(f"cookies of {SERVICE}: {token}".encode()).digest()


class AdminHandler(HubOAuthenticated, web.RequestHandler):  # type: ignore[misc]
    """A door for who has a scope; JupyterHub's cookie is good for it, or a token in a header.

    A cookie alone only opens what a browser navigates to: JupyterHub's handler wants its XSRF
    token for everything else.
    """

    #: What opens it, beside access to the service.
    scope = ADMIN

    async def administrator(self) -> dict[str, Any] | None:
        """Return the Hub's model of who asks; ``None``: nobody that it knows.

        Raises
        ------
        Refused
            If somebody may not, or the Hub does not answer.
        """
        try:
            asked = self.hub_auth.get_user(self, sync=False)
            model: dict[str, Any] | None = await asyncio.wait_for(asked, ANSWER_S)
        except (web.HTTPError, asyncio.TimeoutError) as error:
            raise RequestDenied(503, "The Hub does not answer.", "Wait a moment.") from error
        self.current_user = model
        if model is None:
            return None
        open_ = self.hub_auth.check_scopes({access_scope(SERVICE)}, model)
        if not open_ or self.scope not in model["scopes"]:
            raise RequestDenied(
                403,
                "This is for those who administer SafeCoder.",
                "add_safecoder(…, admins=[…]) in jupyterhub_config.py names them.",
            )
        return model
