"""Who asks: what the Hub says of a token, and never what a request says of itself."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from jupyterhub.services.auth import HubAuth
from tornado.web import HTTPError

from jupyter_safecoder.errors import RequestDenied
from jupyter_safecoder.hub.constants import COMPLETE

#: Seconds that the Hub has for an answer.
ANSWER_S = 5.0


@dataclass(frozen=True)
class User:
    """Somebody of the Hub."""

    name: str
    groups: frozenset[str]
    scopes: frozenset[str] = frozenset()


class Authenticator:
    """Asks the Hub whose a token is.

    Parameters
    ----------
    cache_s
        Seconds for which the Hub's word counts: so long a revoked token still opens the door.
    """

    def __init__(self, cache_s: int) -> None:
        self._auth = HubAuth(cache_max_age=cache_s)

    async def person(self, authorization: str) -> User:
        """Return whose token an ``Authorization`` header has.

        Raises
        ------
        Refused
            If there is none, or it does not open this door, or the Hub does not answer.
        """
        scheme, _, token = authorization.partition(" ")
        if scheme.casefold() not in ("token", "bearer") or not token.strip():
            raise RequestDenied(401, "There is no token of the Hub.", "Start your server anew.")
        try:
            asked = self._auth.user_for_token(token.strip(), sync=False)
            model = await asyncio.wait_for(asked, ANSWER_S)
        except (HTTPError, asyncio.TimeoutError) as error:
            if getattr(error, "status_code", None) != 403:
                raise RequestDenied(
                    503, "The Hub does not answer.", "Wait a moment; an administrator can help."
                ) from error
            model = None
        if model is None:
            raise RequestDenied(
                401, "The Hub does not know this token, or no longer.", "Start your server anew."
            )
        if model.get("kind") != "user":
            raise RequestDenied(
                403, "This token is a service's, not a person's.", "Use a person's."
            )
        if not self._auth.check_scopes(set(self._auth.access_scopes), model):
            raise RequestDenied(403, "This token does not open SafeCoder.", _ASK)
        if COMPLETE not in model.get("scopes", ()):
            raise RequestDenied(403, "This token may not ask for completions.", _ASK)
        return User(model["name"], frozenset(model.get("groups", ())), frozenset(model["scopes"]))


_ASK = "Ask an administrator: add_safecoder() in jupyterhub_config.py names the groups that may."
