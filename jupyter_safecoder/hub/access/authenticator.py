"""Authenticates requests by asking JupyterHub for the token's owner; nothing else is trusted."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from jupyterhub.services.auth import HubAuth
from tornado.web import HTTPError

from jupyter_safecoder.errors import RequestDenied
from jupyter_safecoder.hub.constants import COMPLETE

#: Seconds that JupyterHub has for an answer.
HUB_TIMEOUT_S = 5.0
_ASK_ADMINISTRATOR = (
    "Ask an administrator: add_safecoder() in jupyterhub_config.py names the groups with access."
)
_RESTART_SERVER = "Restart your server: it gets a new token."


@dataclass(frozen=True)
class User:
    """A user of the JupyterHub."""

    name: str
    groups: frozenset[str] = frozenset()
    scopes: frozenset[str] = frozenset()


class Authenticator:
    """Finds the owner of a token.

    Parameters
    ----------
    cache_s
        Seconds for which an answer of JupyterHub is used again: a revoked token works for that
        long.
    """

    def __init__(self, cache_s: int) -> None:
        self._auth = HubAuth(cache_max_age=cache_s)

    async def user_for(self, authorization: str) -> User:
        """Return the user whose token an ``Authorization`` header has.

        Raises
        ------
        RequestDenied
            If there is no token, it gives no access, or JupyterHub does not answer.
        """
        scheme, _, token = authorization.partition(" ")
        if scheme.casefold() not in ("token", "bearer"):
            raise RequestDenied(401, "The request has no JupyterHub token.", _RESTART_SERVER)
        if not token.strip():
            # JupyterHub gave the server none: see hub/server_token.py.
            raise RequestDenied(403, "This server has no access to SafeCoder.", _ASK_ADMINISTRATOR)
        model = await self._owner(token.strip())
        if model is None:
            raise RequestDenied(
                401, "JupyterHub does not know this token (any more).", _RESTART_SERVER
            )
        if model.get("kind") != "user":
            raise RequestDenied(
                403, "This token is a service's, not a user's.", "Use the token of a user."
            )
        if not self._auth.check_scopes(set(self._auth.access_scopes), model):
            raise RequestDenied(403, "This token has no access to SafeCoder.", _ASK_ADMINISTRATOR)
        if COMPLETE not in model.get("scopes", ()):
            raise RequestDenied(403, "This token may not request completions.", _ASK_ADMINISTRATOR)
        return User(model["name"], frozenset(model.get("groups", ())), frozenset(model["scopes"]))

    async def _owner(self, token: str) -> dict[str, Any] | None:
        """Return JupyterHub's model of a token's owner; ``None`` if it does not know the token."""
        try:
            answer = self._auth.user_for_token(token, sync=False)
            model: dict[str, Any] | None = await asyncio.wait_for(answer, HUB_TIMEOUT_S)
        except (HTTPError, asyncio.TimeoutError) as error:
            if getattr(error, "status_code", None) == 403:
                return None
            raise RequestDenied(
                503,
                "JupyterHub does not answer.",
                "Wait a moment, or ask an administrator.",
            ) from error
        return model
