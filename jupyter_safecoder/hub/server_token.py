"""The token with which a user's server opens the SafeCoder service, and nothing else."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

from .constants import COMPLETE, SERVICE, TRAIN, access_scope

#: JupyterHub may read the environment of a server more than once while it starts.
_START = timedelta(minutes=10)


def server_token(spawner: Any) -> str:
    """Return a new token for a server that starts; empty if its user has no access.

    The token is JupyterHub's, and can be revoked there. Tokens of earlier starts are deleted.

    Parameters
    ----------
    spawner
        JupyterHub's spawner of the server, from ``c.Spawner.environment``.
    """
    user = spawner.user
    note = f"SafeCoder, for the server {spawner.name!r}"
    earlier = datetime.now(timezone.utc).replace(tzinfo=None) - _START
    for token in list(user.api_tokens):
        if token.note == note and token.created.replace(tzinfo=None) < earlier:
            user.db.delete(token)
    user.db.commit()
    scopes = [access_scope(SERVICE), COMPLETE]
    for requested in ([*scopes, TRAIN], scopes):
        try:
            return str(user.new_api_token(note=note, scopes=requested))
        except ValueError:  # scopes that the user does not have
            continue
    return ""
